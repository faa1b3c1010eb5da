/** `npm run demo`: the whole product on this machine, on the sample application or on the user's own repository. */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runCheck } from './check.ts';
import { checkPorts, freePorts, type Ports } from './ports.ts';
import { sampleApp } from './sample-app.ts';
import { makeSampleRepo } from './sample-repo.ts';
import { label } from './scenario.ts';
import { type Stack, startStack } from './stack.ts';
import { type LiveTable, startTable } from './table.ts';
import { until } from './until.ts';

export interface DemoOptions {
  readonly repo?: string | undefined;
  readonly stateDir: string;
  readonly ports: Ports;
  /** Addresses of tasks, as a CIDR block within 127.0.0.0/8. */
  readonly addresses: string;
}

type Say = (line: string) => void;

const say: Say = (line) => process.stdout.write(`${line}\n`);

/** Runs until `signal` aborts; leaves no process behind. */
export async function runDemo({ repo, stateDir, ports, addresses }: DemoOptions, signal: AbortSignal): Promise<void> {
  await checkPorts(ports);
  const repoPath = resolve(repo ?? join(stateDir, 'web'));
  if (repo === undefined) await makeSampleRepo(repoPath);
  say(`repository     ${repoPath}`);
  const stack = await startStack({ stateDir, repoPath, ports, addresses, say });
  try {
    await show(stack, signal);
  } finally {
    say('\nstopping everything');
    await stack.close();
  }
}

async function show(stack: Stack, signal: AbortSignal): Promise<void> {
  const branch = await firstBranch(stack, signal);
  if (branch === undefined) return;
  say(`\nlabelling the pull request of ${branch} with "uat"\n`);
  await label(stack, branch, 'uat');
  const table = startTable(stack, process.stdout);
  try {
    const told = untilServing(stack, table, signal).then(() => table.say(whatToTry(stack)));
    await Promise.race([Promise.all([told, keepOperator(stack, table, signal)]), aborted(signal)]);
  } finally {
    table.stop();
  }
}

/** An operator that was killed is started again, so that its successor can be seen to adopt what runs. */
async function keepOperator(stack: Stack, table: LiveTable, signal: AbortSignal): Promise<void> {
  for (;;) {
    await stack.operatorEnded();
    if (signal.aborted) return;
    table.say('the operator is gone; environments keep serving; it starts again in three seconds');
    await new Promise((wake) => setTimeout(wake, 3_000));
    if (signal.aborted) return;
    await stack.startOperator();
    table.say(`the operator is back (pid ${stack.operatorPid()})`);
  }
}

/** The first open pull request; a repository without one is told how to make one. */
async function firstBranch(stack: Stack, signal: AbortSignal): Promise<string | undefined> {
  const [pull] = await stack.github.pulls('open');
  if (pull) return pull.branch;
  say(
    `\nEvery branch but the default one is a pull request here, and this repository has none. Make one:\n  git -C ${stack.repoPath} branch try-mayfly\n`,
  );
  while (!signal.aborted) {
    const [found] = await stack.github.pulls('open');
    if (found) return found.branch;
    await new Promise((wake) => setTimeout(wake, 500));
  }
  return undefined;
}

async function untilServing(stack: Stack, table: LiveTable, signal: AbortSignal): Promise<void> {
  const TEN_MINUTES = 600_000;
  const ended = async () => (await stack.environments()).find(({ state }) => state === 'RUNNING' || state === 'FAILED');
  const { state, url, sessionId } = await until('an environment serves', ended, TEN_MINUTES, signal);
  const outcome =
    state === 'RUNNING' ? `open ${url}` : `${sessionId} failed; its comment says why: ${stack.github.url}`;
  table.say(`\n  ${outcome}\n`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function whatToTry({ github, ports, repoPath, stateDir, operatorPid }: Stack): string {
  return [
    'Things to try, here or in another terminal:',
    `  label, unlabel, close a pull request     ${github.url}`,
    `  push: commit on a branch of              ${repoPath}`,
    `  edit a record                            aws --endpoint-url http://localhost:${ports.aws} dynamodb scan --table-name mayfly-environments`,
    `  look at the metrics                      curl -s localhost:${ports.admin}/metrics | grep mayfly_`,
    `  kill the operator: it is started again   kill -9 ${operatorPid()}`,
    `  logs                                     ${join(stateDir, 'logs')}`,
    'Ctrl-C ends everything.',
    '',
  ].join('\n');
}

/**
 * The scenario on a fresh stack with ports of its own, so that it can run beside a demo. True when all holds; false too
 * when `signal` aborts, which ends it early.
 */
export async function runDemoCheck(stateDir: string, signal: AbortSignal): Promise<boolean> {
  await rm(stateDir, { recursive: true, force: true });
  const repoPath = resolve(stateDir, 'web');
  await makeSampleRepo(repoPath);
  const stack = await startStack({ stateDir, repoPath, ports: await freePorts(), addresses: '127.21.0.0/24', say });
  try {
    const check = runCheck({ stack, app: sampleApp(repoPath) }, say);
    return await Promise.race([check, aborted(signal).then(() => false)]);
  } finally {
    await stack.close();
  }
}
