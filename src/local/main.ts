/** `npm run local` and `npm run demo`: AWS, GitHub and the whole product on loopback. */
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { makeElbv2 } from './aws/elbv2/elbv2.ts';
import { type Elbv2State, parseElbv2State } from './aws/elbv2/state.ts';
import type { LocalImage } from './aws/images.ts';
import { openState, type PersistedState } from './aws/persist.ts';
import { startLocalAws, systemClock } from './aws/server.ts';
import { runDemo, runDemoCheck } from './demo/demo.ts';
import { FIXED_PORTS } from './demo/ports.ts';
import { REGION, REPOSITORY, SUBNET } from './demo/provision.ts';
import { startLocalGitHub } from './github/server.ts';

const ACCOUNT = '000000000000';
const CONTAINER = resolve(import.meta.dirname, '../../container/src/main.ts');
const ADDRESSES = '127.20.0.0/24';
/** One second between health checks instead of AWS's least of five. */
const PROBE_SCALE = 0.2;

function port(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
  throw new InvalidArgumentError('a port is a whole number from 0 to 65535');
}

function untilStopped(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

async function serve(close: () => Promise<void>, url: string, signal: AbortSignal): Promise<void> {
  process.stdout.write(`${url}\n`);
  process.send?.({ url });
  await new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));
  await close();
  process.disconnect?.();
}

/** How this machine reaches the network; a task starts with nothing else of this environment. */
const NETWORK_VARIABLES = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'npm_config_registry',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

function networkEnv(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    NETWORK_VARIABLES.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Both tags run the supervisor of this checkout; they differ as two pushes of an image do. */
function images(): readonly LocalImage[] {
  const command = [process.execPath, CONTAINER];
  return [
    { repository: REPOSITORY, tag: 'latest', command, env: { ...networkEnv(), MAYFLY_IMAGE: 'latest' } },
    { repository: REPOSITORY, tag: 'staging', command, env: { ...networkEnv(), MAYFLY_IMAGE: 'staging' } },
  ];
}

interface AwsFlags {
  readonly port: number;
  readonly state?: string;
  readonly addresses: string;
  readonly throttle: boolean;
  readonly recordCalls?: boolean;
}

/** Health is not kept: after a restart every target is checked anew. */
function openElbv2State(
  stateDir: string | undefined,
  log: (line: string) => void,
): Promise<PersistedState<{ elbv2?: Elbv2State }>> {
  const parse = (raw: unknown): { elbv2?: Elbv2State } => ({
    elbv2: parseElbv2State((raw as { elbv2?: unknown }).elbv2),
  });
  return openState(stateDir && join(stateDir, 'elbv2.json'), {}, { parse, onError: (error) => log(String(error)) });
}

async function runAws({ port: awsPort, state, addresses, throttle, recordCalls }: AwsFlags): Promise<void> {
  if (recordCalls && state === undefined) throw new Error('--record-calls needs --state: the record is kept there');
  const signal = untilStopped();
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  const saved = await openElbv2State(state, log);
  const elbv2 = makeElbv2({
    region: REGION,
    account: ACCOUNT,
    clock: systemClock,
    healthCheckIntervalScale: PROBE_SCALE,
    registrationMs: 100,
    ...(saved.value.elbv2 && { initial: saved.value.elbv2 }),
    onChange(next) {
      saved.value.elbv2 = next;
      saved.save();
    },
  });
  await elbv2.start();
  const aws = await startLocalAws({
    port: awsPort,
    ...(state !== undefined && { stateDir: state }),
    account: ACCOUNT,
    region: REGION,
    images: images(),
    subnets: { [SUBNET]: addresses },
    extraServices: [elbv2.service],
    throttle,
    recordCalls: recordCalls ?? false,
    log,
  });
  const close = async (): Promise<void> => {
    await aws.close();
    await elbv2.close();
    await saved.close();
  };
  await serve(close, aws.endpoint, signal);
}

interface GitHubFlags {
  readonly port: number;
  readonly name: string;
  readonly state?: string;
  readonly webhook?: string;
  readonly fork: readonly string[];
}

async function runGitHub(repoPath: string, flags: GitHubFlags): Promise<void> {
  const signal = untilStopped();
  const { GITHUB_WEBHOOK_SECRET: webhookSecret, GITHUB_TOKEN: token } = process.env;
  if (!webhookSecret) throw new Error('GITHUB_WEBHOOK_SECRET is not set: it signs the webhooks');
  const github = await startLocalGitHub({
    repoPath,
    fullName: flags.name,
    webhookSecret,
    webhookUrl: flags.webhook,
    port: flags.port,
    stateDir: flags.state,
    token,
    forks: flags.fork.map((branch) => ({
      branch,
      repo: `somebody/${flags.name.split('/')[1] ?? 'fork'}`,
      repoId: 4_000_000,
    })),
    log: (line) => void process.stderr.write(`${line}\n`),
  });
  await serve(() => github.close(), github.url, signal);
}

interface DemoFlags {
  readonly repo?: string;
  readonly check?: boolean;
  readonly state: string;
  readonly awsPort: number;
  readonly githubPort: number;
  readonly balancerPort: number;
  readonly webhooksPort: number;
  readonly frontDoorPort: number;
  readonly adminPort: number;
  readonly addresses: string;
}

async function demo(flags: DemoFlags): Promise<void> {
  const signal = untilStopped();
  if (flags.check) {
    process.exitCode = (await runDemoCheck(join(flags.state, 'check'), signal)) ? 0 : 1;
    // The step that was cut off still waits for a world that is gone.
    if (signal.aborted) process.exit();
    return;
  }
  const ports = {
    aws: flags.awsPort,
    github: flags.githubPort,
    balancer: flags.balancerPort,
    webhooks: flags.webhooksPort,
    frontDoor: flags.frontDoorPort,
    admin: flags.adminPort,
  };
  const { repo, state, addresses } = flags;
  await runDemo({ repo, stateDir: join(state, 'demo'), ports, addresses }, signal);
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

const program = new Command('local').description('Mayfly on this machine: nothing but Node and git is needed.');

program
  .command('demo')
  .description('a local AWS, a local GitHub and the operator, with a sample application or your own repository')
  .option('--repo <path>', 'a git repository of a Node project with a "start" or "dev" script')
  .option('--check', 'run the scenario by itself and exit 0 only if all of it holds')
  .option('--state <dir>', 'where everything is kept', '.mayfly')
  .option('--aws-port <port>', 'AWS endpoint', port, FIXED_PORTS.aws)
  .option('--github-port <port>', 'GitHub', port, FIXED_PORTS.github)
  .option('--balancer-port <port>', 'load balancer: where environments are', port, FIXED_PORTS.balancer)
  .option('--webhooks-port <port>', "the operator's webhooks", port, FIXED_PORTS.webhooks)
  .option('--front-door-port <port>', "the operator's front door", port, FIXED_PORTS.frontDoor)
  .option('--admin-port <port>', "the operator's metrics and health", port, FIXED_PORTS.admin)
  .option('--addresses <cidr>', 'addresses of tasks', ADDRESSES)
  .addHelpText(
    'after',
    '\nExamples:\n  npm run demo\n  npm run demo -- --repo ~/code/my-app\n  npm run demo -- --check\n',
  )
  .action(demo);

program
  .command('aws')
  .description('ECS, ELBv2, DynamoDB, CloudWatch Logs and ECR on loopback')
  .option('--port <port>', 'endpoint', port, FIXED_PORTS.aws)
  .option('--state <dir>', 'keeps everything over a restart')
  .option('--addresses <cidr>', 'addresses of tasks', ADDRESSES)
  .option('--no-throttle', "lets more calls pass than AWS's rates")
  .option('--record-calls', 'keeps what IAM would be asked about each call in calls.jsonl of the state directory')
  .addHelpText(
    'after',
    '\nExample:\n  npm run local -- aws --state .mayfly/aws\n  aws --endpoint-url http://localhost:4566 ecs list-clusters\n',
  )
  .action(runAws);

program
  .command('github')
  .description('the branches of a git repository as pull requests, with labels, comments and signed webhooks')
  .argument('<path>', 'a git repository')
  .option('--port <port>', 'REST API and page', port, FIXED_PORTS.github)
  .option('--name <owner/name>', 'full name of the repository', 'demo/web')
  .option('--state <dir>', 'keeps labels and comments over a restart')
  .option('--webhook <url>', 'where webhooks go')
  .option('--fork <branch>', 'a branch that comes from a fork; can be repeated', collect, [])
  .addHelpText(
    'after',
    '\nExample:\n  GITHUB_WEBHOOK_SECRET=… npm run local -- github ~/code/my-app --webhook http://127.0.0.1:8080/webhooks/github\n',
  )
  .action(runGitHub);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  process.disconnect?.();
}
