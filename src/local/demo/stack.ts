/**
 * The whole product on one machine: a local AWS, a local GitHub and the operator, each a process of its own, wired as
 * they would be on AWS. The AWS outlives the operator, so that killing the operator shows adoption.
 */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { connectLocalGitHub, type LocalGitHubClient } from '../github/client.ts';
import type { Child } from './child.ts';
import type { Ports } from './ports.ts';
import { type ProcessOptions, startAws, startGitHub, startOperator, untilReady } from './processes.ts';
import { type AwsClients, makeAwsClients, type Provisioned, provision } from './provision.ts';
import { openSecrets, type ProjectNames, projectOf, type Secrets, writeConfig } from './settings.ts';

export interface StackOptions extends ProcessOptions {
  /** Told what was started and where. */
  readonly say: (line: string) => void;
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
      cacheDir: join(resolve(stateDir), 'cache'),
    });
    say(`local AWS      http://127.0.0.1:${ports.aws} (pid ${aws.pid})`);
    const github = (children.github = await startGitHub(options, secrets, project));
    say(`local GitHub   http://127.0.0.1:${ports.github} (pid ${github.pid})`);
    writeConfig({ stateDir, ports, project, provisioned });
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
      await untilReady(children.operator, ports.admin);
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
