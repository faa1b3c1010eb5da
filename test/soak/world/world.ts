/**
 * The whole product as processes: the local AWS, a local GitHub over a git repository, and two replicas of the operator,
 * which reach AWS through a proxy that spoils calls, and GitHub's webhooks through one that spoils deliveries.
 */
import { RegisterTargetsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { cp, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Child, startChild } from '../../../src/local/demo/child.ts';
import { freePorts, type Ports } from '../../../src/local/demo/ports.ts';
import { startGitHub } from '../../../src/local/demo/processes.ts';
import { type AwsClients, makeAwsClients, type Provisioned, provision } from '../../../src/local/demo/provision.ts';
import { makeRepo } from '../../../src/local/demo/sample-repo.ts';
import { openSecrets, projectOf, type Secrets } from '../../../src/local/demo/settings.ts';
import { connectLocalGitHub, type LocalGitHubClient } from '../../../src/local/github/client.ts';
import type { Random } from '../../sim/kernel/random.ts';
import { type FaultProxy, startFaultProxy } from '../faults/proxy.ts';
import { type Hooks, startHooks } from '../faults/hooks.ts';
import type { AwsOrder } from './aws-order.ts';
import { configOf } from './config.ts';
import { makeOperator, type Operator } from './operator.ts';

export interface WorldOptions {
  /** One environment each. */
  readonly branches: readonly string[];
  readonly random: Random;
  readonly say: (line: string) => void;
  /** Another GitHub for the replicas than the local one, which then sends no webhooks either. */
  readonly githubUrl?: string | undefined;
}

export interface World {
  readonly dir: string;
  readonly repo: string;
  readonly ports: Ports;
  /** The harness's own, past the faults. */
  readonly aws: AwsClients;
  readonly github: LocalGitHubClient;
  readonly provisioned: Provisioned;
  readonly secrets: Secrets;
  readonly operators: readonly [Operator, Operator];
  /** Of the replicas' webhook servers. */
  readonly webhookUrls: readonly [string, string];
  readonly proxy: FaultProxy;
  readonly hooks: Hooks;
  /** A clean end and a start on the same state: its tasks end with it, as with a host. */
  restartAws(): Promise<void>;
  isAwsUp(): boolean;
  /** Ends every process. */
  close(keepFiles: boolean): Promise<void>;
}

type Closer = () => Promise<unknown> | void;

/** Resolves when both replicas are ready. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'mayfly-soak-')));
  const closers: Closer[] = [];
  const close = async (keepFiles: boolean): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await attempt(closer, options.say);
    if (keepFiles) options.say(`logs and state are in ${dir}`);
    else await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const world = await open(options, dir, closers);
    return { ...world, close };
  } catch (error) {
    await close(true);
    throw error;
  }
}

/** One part that does not close keeps no other from it. */
async function attempt(closer: Closer, say: (line: string) => void): Promise<void> {
  try {
    await closer();
  } catch (error) {
    say(`something did not close: ${String(error)}`);
  }
}

async function open(
  { branches, random, say, githubUrl: otherGitHub }: WorldOptions,
  dir: string,
  closers: Closer[],
): Promise<Omit<World, 'close'>> {
  const [ports, other] = [await freePorts(), await freePorts()];
  const repo = join(dir, 'soak');
  await makeSoakRepo(repo, branches);
  const project = projectOf(repo);
  const secrets = openSecrets(dir);
  const aws = await openAws(dir, ports, closers);
  const clients = makeAwsClients(`http://127.0.0.1:${ports.aws}`);
  closers.push(() => clients.close());
  const provisioned = await provisionBoth(clients, dir, [ports.balancer, ports.frontDoor, other.frontDoor]);
  const proxy = await startFaultProxy(other.aws, ports.aws, random.stream('aws'));
  closers.push(() => proxy.close());
  const webhookUrls = [urlOf(ports.webhooks), urlOf(other.webhooks)] as const;
  const hooks = await startHooks(other.balancer, webhookUrls, random.stream('hooks'));
  closers.push(() => hooks.close());
  const hookPorts = { ...ports, webhooks: other.balancer };
  const github = await startGitHub({ stateDir: dir, repoPath: repo, ports: hookPorts }, secrets, project);
  closers.push(() => github.stop());
  const githubUrl = `http://127.0.0.1:${ports.github}`;
  const main = await copyOfOperator(dir);
  const operatorOf = (name: string, own: Ports): Operator =>
    makeOperator({
      name,
      main,
      stateDir: dir,
      adminPort: own.admin,
      config: configOf({
        repo: project.fullName,
        ports: own,
        balancerPort: ports.balancer,
        githubPort: ports.github,
        provisioned,
        environments: branches.length,
      }),
      secrets,
      awsEndpoint: proxy.url,
      githubUrl: otherGitHub ?? githubUrl,
    });
  const operators = [operatorOf('a', ports), operatorOf('b', other)] as const;
  for (const operator of operators) {
    await operator.start();
    closers.push(() => operator.kill('SIGTERM'));
    await operator.ready();
  }
  say(
    `local AWS pid ${aws.pid()}, local GitHub pid ${github.pid}, operators pid ${operators.map((one) => one.pid()).join(' and ')}, state in ${dir}`,
  );
  return {
    dir,
    repo,
    ports,
    aws: clients,
    github: connectLocalGitHub({ url: githubUrl, fullName: project.fullName, token: secrets.githubToken }),
    provisioned,
    secrets,
    operators,
    webhookUrls,
    proxy,
    hooks,
    restartAws: aws.restart,
    isAwsUp: aws.isUp,
  };
}

const urlOf = (port: number): string => `http://127.0.0.1:${port}/webhooks/github`;

async function makeSoakRepo(dir: string, branches: readonly string[]): Promise<void> {
  await makeRepo(dir, {
    message: 'Something to soak',
    fill: (target) => writeFile(join(target, 'text.txt'), 'main\n'),
    branches: branches.map((name) => ({
      name,
      change: { file: 'text.txt', content: `${name}\n` },
      message: `Say ${name}`,
    })),
  });
}

/** Every start of a run is of the same code, whatever somebody does to the sources meanwhile. Resolves to its entry. */
async function copyOfOperator(dir: string): Promise<string> {
  const root = resolve(import.meta.dirname, '../../..');
  const copy = join(dir, 'operator');
  await cp(join(root, 'src'), join(copy, 'src'), { recursive: true });
  await cp(join(root, 'package.json'), join(copy, 'package.json'));
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  return join(copy, 'src/main.ts');
}

async function openAws(dir: string, ports: Ports, closers: Closer[]) {
  // A block of its own for each run, so that two may run at the same time.
  const addresses = `127.${64 + (process.pid % 128)}.0.0/22`;
  const order: AwsOrder = { port: ports.aws, stateDir: join(dir, 'aws'), addresses };
  const start = async (): Promise<Child> => {
    const child = startChild({
      name: 'the local AWS',
      script: join(import.meta.dirname, 'aws-main.ts'),
      args: [JSON.stringify(order)],
      logFile: join(dir, 'logs/aws.log'),
    });
    await child.ready;
    return child;
  };
  let child = await start();
  let isUp = true;
  closers.push(() => child.stop());
  return {
    pid: () => child.pid,
    isUp: () => isUp,
    async restart() {
      isUp = false;
      await child.stop('SIGTERM');
      child = await start();
      isUp = true;
    },
  };
}

async function provisionBoth(
  clients: AwsClients,
  dir: string,
  [balancerPort, frontDoorPort, otherDoorPort]: readonly [number, number, number],
): Promise<Provisioned> {
  const provisioned = await provision(clients, {
    balancerPort,
    frontDoorPort,
    gitUrl: `${pathToFileURL(dir).href}/{repo}`,
    npmCache: dir,
    cacheDir: dir,
  });
  const Targets = [{ Id: '127.0.0.1', Port: otherDoorPort }];
  const TargetGroupArn = provisioned.frontDoorTargetGroupArn;
  await clients.elbv2.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }));
  return provisioned;
}
