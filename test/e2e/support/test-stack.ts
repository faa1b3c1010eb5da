/** A stack of its own for one file of tests: own state, own free ports, own addresses; gone without a trace at the end. */
import { readFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../src/local/demo/ports.ts';
import { type Stack, startStack } from '../../../src/local/demo/stack.ts';
import { until } from '../../../src/local/demo/until.ts';
import { type FoundProcess, processesOf } from './processes.ts';
import { makeTinyRepo } from './tiny-repo.ts';

export interface TestStack {
  readonly stack: Stack;
  readonly repo: string;
  /** The end of the operator's log, for a test that failed. */
  log(lines?: number): string;
  /** Every process of the stack and of its tasks. */
  processes(): readonly FoundProcess[];
  close(): Promise<void>;
}

export interface TestStackOptions {
  /** CIDR block, different for files that may run at the same time. */
  readonly addresses: string;
  /** Of the tiny application. */
  readonly branches?: readonly string[];
  /** In place of the tiny application. */
  readonly fill?: (dir: string) => Promise<void>;
  readonly forks?: readonly string[];
}

export async function openTestStack({ addresses, branches, fill, forks = [] }: TestStackOptions): Promise<TestStack> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'mayfly-e2e-')));
  const repo = join(dir, 'tiny');
  const stateDir = join(dir, 'state');
  await (fill ? fill(repo) : makeTinyRepo(repo, branches));
  const ports = await freePorts();
  const stack = await startStack({ stateDir, repoPath: repo, ports, addresses, forks, say: () => undefined });
  return {
    stack,
    repo,
    log: (lines = 40) => readFileSync(join(stateDir, 'logs/operator.log'), 'utf8').split('\n').slice(-lines).join('\n'),
    processes: () => processesOf(stateDir),
    async close() {
      await stack.close();
      await untilGone(stateDir);
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Throws with what is left, after a moment: a process that was just killed may still be on its way out. */
async function untilGone(stateDir: string): Promise<void> {
  await until(
    'no process of the stack is left',
    async () => {
      const left = processesOf(stateDir);
      if (left.length > 0) throw new Error(left.map(({ pid, command }) => `${pid} ${command}`).join('; '));
      return true;
    },
    5_000,
  );
}
