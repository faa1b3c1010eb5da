/**
 * The whole product on one machine: a local AWS, a local GitHub and the operator, each a process of its own, wired as
 * they would be on AWS. The AWS outlives the operator, so that killing the operator shows adoption.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { type Child, lastLines, startChild } from './child.ts';
import { connectLocalGitHub, type LocalGitHubClient } from '../github/client.ts';
import type { Ports } from './ports.ts';
import {
  type AwsClients,
  BASE_FAMILY,
  CLUSTER,
  CONTAINER,
  makeAwsClients,
  type Provisioned,
  provision,
  REGION,
  SUBNET,
  TABLE,
} from './provision.ts';
import { until } from './until.ts';

const SOURCE = resolve(import.meta.dirname, '../..');

export interface StackOptions {
  /** Everything that the stack keeps: the local AWS's state, logs, keys, the configuration. */
  readonly stateDir: string;
  readonly repoPath: string;
  readonly ports: Ports;
  /** Addresses of tasks, as a CIDR block within 127.0.0.0/8. */
  readonly addresses?: string;
  readonly say: (line: string) => void;
  /** Branches that appear as if they came from a fork. */
  readonly forks?: readonly string[];
}

/** What the operator says of one environment at `GET /environments`. */
export interface EnvironmentReport {
  readonly sessionId: string;
  readonly state: string;
  readonly branch?: string;
  readonly commit?: string;
  readonly liveCommit?: string;
  readonly url?: string;
  readonly wantedAt?: string;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

export interface Outage {
  begin(signal: NodeJS.Signals): Promise<void>;
  /** Starts the process again on the same port and state; resolves when it answers. */
  end(): Promise<void>;
}

export interface Stack {
  readonly project: string;
  readonly prefix: string;
  readonly repoPath: string;
  readonly ports: Ports;
  readonly aws: AwsClients;
  readonly github: LocalGitHubClient;
  readonly provisioned: Provisioned;
  readonly stateDir: string;
  environments(): Promise<readonly EnvironmentReport[]>;
  operatorPid(): number;
  /** Resolves when the operator that runs now has ended, however it does. */
  operatorEnded(): Promise<void>;
  /** Resolves when it is ready. */
  startOperator(): Promise<void>;
  /** Resolves to the exit code when the process is gone; null when the signal ended it. */
  stopOperator(signal: NodeJS.Signals): Promise<number | null>;
  /** The parts that the operator leans on, taken away and given back as outages do. */
  readonly outages: { readonly aws: Outage; readonly github: Outage };
  /** Ends every process, whichever of them still runs. */
  close(): Promise<void>;
}

export const LABELS = { uat: 'latest', 'uat-staging': 'staging', 'claude-dev': { image: 'latest', agent: true } };

export async function startStack(options: StackOptions): Promise<Stack> {
  const { stateDir, ports, say } = options;
  mkdirSync(stateDir, { recursive: true });
  const project = projectOf(options.repoPath);
  const secrets = openSecrets(stateDir);
  const children: Children = {};
  try {
    const aws = (children.aws = await startAws(options));
    const clients = makeAwsClients(`http://127.0.0.1:${ports.aws}`);
    linkRepository(options, project);
    const provisioned = await provision(clients, {
      balancerPort: ports.balancer,
      frontDoorPort: ports.frontDoor,
      gitUrl: `${pathToFileURL(resolve(stateDir, 'git')).href}/{repo}`,
      npmCache: join(resolve(stateDir), 'npm-cache'),
    });
    say(`local AWS      http://127.0.0.1:${ports.aws} (pid ${aws.pid})`);
    const github = (children.github = await startGitHub(options, secrets, project));
    say(`local GitHub   http://127.0.0.1:${ports.github} (pid ${github.pid})`);
    writeConfig({ ...options, project, provisioned });
    return await assemble({ options, project, clients, provisioned, secrets, children });
  } catch (error) {
    await stopAll(children);
    throw error;
  }
}

/** What runs now, or ran last, in the order of the start. */
interface Children {
  aws?: Child;
  github?: Child;
  operator?: Child;
}

async function stopAll({ operator, github, aws }: Children): Promise<void> {
  for (const child of [operator, github, aws]) await child?.stop();
}

/** Tasks fetch from `git/{repo}`, as they would from GitHub: a link to the one repository on this machine. */
function linkRepository({ stateDir, repoPath }: StackOptions, { fullName }: ProjectNames): void {
  const link = resolve(stateDir, 'git', fullName);
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(resolve(repoPath), link);
}

interface Parts {
  readonly options: StackOptions;
  readonly project: ProjectNames;
  readonly clients: AwsClients;
  readonly provisioned: Provisioned;
  readonly secrets: Secrets;
  readonly children: Children;
}

async function assemble({ options, project, clients, provisioned, secrets, children }: Parts): Promise<Stack> {
  const { ports, stateDir, say, repoPath } = options;
  const stack: Stack = {
    project: project.name,
    prefix: project.name,
    repoPath,
    ports,
    aws: clients,
    github: connectLocalGitHub({
      url: `http://127.0.0.1:${ports.github}`,
      fullName: project.fullName,
      token: secrets.githubToken,
    }),
    provisioned,
    stateDir,
    async environments() {
      const response = await fetch(`http://127.0.0.1:${ports.admin}/environments`);
      if (!response.ok) throw new Error(`the operator answers ${response.status} at /environments`);
      return (await response.json()) as EnvironmentReport[];
    },
    operatorPid: () => children.operator?.pid ?? -1,
    operatorEnded: async () => void (await children.operator?.exited),
    async startOperator() {
      children.operator = startOperator(options, secrets);
      await untilReady(children.operator, ports.admin, stateDir);
    },
    stopOperator: async (signal) => (await children.operator?.stop(signal)) ?? null,
    outages: {
      aws: outageOf(children, 'aws', () => startAws(options)),
      github: outageOf(children, 'github', () => startGitHub(options, secrets, project)),
    },
    async close() {
      await stopAll(children);
      clients.close();
    },
  };
  await stack.startOperator().catch(async (error: unknown) => {
    await stack.close();
    throw error;
  });
  say(`operator       http://127.0.0.1:${ports.admin}/metrics (pid ${stack.operatorPid()})`);
  return stack;
}

function outageOf(children: Children, name: 'aws' | 'github', start: () => Promise<Child>): Outage {
  return {
    async begin(signal) {
      await children[name]?.stop(signal);
    },
    async end() {
      children[name] = await start();
    },
  };
}

async function startAws({ stateDir, ports, addresses }: StackOptions): Promise<Child> {
  const aws = startChild({
    name: 'the local AWS',
    script: join(SOURCE, 'local/main.ts'),
    args: [
      'aws',
      '--port',
      String(ports.aws),
      '--state',
      join(stateDir, 'aws'),
      ...(addresses ? ['--addresses', addresses] : []),
    ],
    logFile: join(stateDir, 'logs/aws.log'),
  });
  await aws.ready;
  return aws;
}

async function startGitHub(
  { stateDir, ports, repoPath, forks = [] }: StackOptions,
  secrets: Secrets,
  project: ProjectNames,
): Promise<Child> {
  const github = startChild({
    name: 'the local GitHub',
    script: join(SOURCE, 'local/main.ts'),
    args: [
      'github',
      resolve(repoPath),
      `--port=${ports.github}`,
      `--name=${project.fullName}`,
      `--state=${join(stateDir, 'github')}`,
      `--webhook=http://127.0.0.1:${ports.webhooks}/webhooks/github`,
      ...forks.flatMap((branch) => ['--fork', branch]),
    ],
    env: { GITHUB_WEBHOOK_SECRET: secrets.webhookSecret, GITHUB_TOKEN: secrets.githubToken },
    logFile: join(stateDir, 'logs/github.log'),
  });
  await github.ready;
  return github;
}

function startOperator({ stateDir, ports }: StackOptions, secrets: Secrets): Child {
  return startChild({
    name: 'the operator',
    script: join(SOURCE, 'main.ts'),
    env: {
      MAYFLY_CONFIG: join(stateDir, 'mayfly.yaml'),
      MAYFLY_WEBHOOK_SECRET: secrets.webhookSecret,
      MAYFLY_SIGNING_KEY: secrets.signingKey,
      GITHUB_TOKEN: secrets.githubToken,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${ports.aws}`,
      GITHUB_API_URL: `http://127.0.0.1:${ports.github}`,
    },
    logFile: join(stateDir, 'logs/operator.log'),
  });
}

async function untilReady(operator: Child, adminPort: number, stateDir: string): Promise<void> {
  const log = join(stateDir, 'logs/operator.log');
  const ready = until(
    'the operator is ready',
    async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined))?.ok === true,
    30_000,
  );
  const death = operator.exited.then((code) => {
    throw new Error(`the operator ended with code ${code}:\n${lastLines(log)}`);
  });
  death.catch(() => undefined);
  await Promise.race([ready, death]);
}

interface ProjectNames {
  readonly name: string;
  readonly fullName: string;
}

/** The folder's name as a session prefix. */
function projectOf(repoPath: string): ProjectNames {
  const name =
    basename(resolve(repoPath))
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '')
      .slice(0, 12) || 'app';
  const prefix = /^[a-z]/.test(name) ? name : `p${name}`.slice(0, 12);
  return { name: prefix, fullName: `demo/${prefix}` };
}

interface Secrets {
  readonly webhookSecret: string;
  readonly githubToken: string;
  readonly signingKey: string;
}

/** Made once and kept, readable by the owner only, so that a restarted stack still speaks to its tasks. */
function openSecrets(stateDir: string): Secrets {
  const file = join(stateDir, 'secrets.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  const { privateKey } = generateKeyPairSync('ed25519');
  const secrets: Secrets = {
    webhookSecret: randomBytes(24).toString('hex'),
    githubToken: randomBytes(24).toString('hex'),
    signingKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}

interface ConfigInput extends StackOptions {
  readonly project: ProjectNames;
  readonly provisioned: Provisioned;
}

function writeConfig({ stateDir, ports, project, provisioned }: ConfigInput): void {
  const loopback = (port: number): object => ({ host: '127.0.0.1', port });
  const config = {
    installation: 'demo',
    aws: { region: REGION },
    cluster: CLUSTER,
    store: { table: TABLE, createTables: true },
    network: { subnets: [SUBNET], securityGroups: ['sg-local'], assignPublicIp: false },
    listeners: {
      local: {
        arn: provisioned.listenerArn,
        vpcId: provisioned.vpcId,
        frontDoorTargetGroupArn: provisioned.frontDoorTargetGroupArn,
        domain: 'localhost',
        url: `http://{host}:${ports.balancer}`,
      },
    },
    projects: {
      [project.name]: {
        repo: project.fullName,
        prefix: project.name,
        taskDefinition: BASE_FAMILY,
        container: CONTAINER,
        labels: LABELS,
        env: { VITE_API: '${PUBLIC_URL}' },
      },
    },
    http: { webhooks: loopback(ports.webhooks), frontDoor: loopback(ports.frontDoor), admin: loopback(ports.admin) },
    github: { webUrl: `http://127.0.0.1:${ports.github}` },
    // One machine answers at once: look more often, and wait less, than one would on AWS.
    policy: { settle: '1s', transition: '250ms', control: '1s', backoffBase: '1s' },
    intervals: { poll: '1s', resync: '5s' },
  };
  writeFileSync(join(stateDir, 'mayfly.yaml'), stringify(config));
}
