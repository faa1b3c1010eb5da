/** The container's phases where people look, over real processes: on the waiting page, in the comment, in the metrics. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { commitChange } from '../../src/local/demo/sample-repo.ts';
import { label } from '../../src/local/demo/scenario.ts';
import type { Stack } from '../../src/local/demo/stack.ts';
import { until } from '../../src/local/demo/until.ts';
import { commentSays, counter, LONG_MS, serves, visitSession } from './support/looks.ts';
import { openTestStack, type TestStack } from './support/test-stack.ts';

let world: TestStack;
let stack: Stack;
let scratch: string;

beforeAll(async () => {
  world = await openTestStack({ addresses: '127.40.6.0/24', branches: ['slow'] });
  ({ stack } = world);
  scratch = await mkdtemp(join(tmpdir(), 'mayfly-gate-'));
});

afterAll(async () => {
  await world?.close();
  await rm(scratch, { recursive: true, force: true });
});

afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.error(`the operator's log ends with\n${world.log()}`);
});

interface Phase {
  readonly phase: string;
  readonly state: string;
  readonly seconds?: number;
}

/** The phases as the waiting page tells them to a program, once the build runs. */
function phasesWhileBuilding(session: string): Promise<readonly Phase[]> {
  const look = async (): Promise<readonly Phase[]> => {
    const { body } = await visitSession(stack, session, 'application/json');
    const { phases = [] } = JSON.parse(body) as { phases?: readonly Phase[] };
    if (phases.some(({ phase, state }) => phase === 'build' && state === 'running')) return phases;
    throw new Error(body);
  };
  return until(`the page of ${session} shows the build`, look, LONG_MS);
}

describe('a first start', () => {
  it('shows its phases on the waiting page and in the comment, and how long they took once it is live', async () => {
    const gate = join(scratch, 'open');
    const wait = `while (!existsSync(${JSON.stringify(gate)})) await new Promise((wake) => setTimeout(wake, 20));`;
    const before = "mkdirSync('dist'";
    const imports = "import { existsSync } from 'node:fs';\n";
    await commitChange(world.repo, 'slow', { file: 'build.js', replace: [before, `${wait}\n${before}`] }, 'Wait');
    await commitChange(world.repo, 'slow', { file: 'build.js', replace: ['import', `${imports}import`] }, 'Import');
    await label(stack, 'slow', 'uat');
    const phases = await phasesWhileBuilding('tiny-slow');
    expect(phases.map(({ phase, state }) => `${phase} ${state}`).join(', ')).toMatch(
      /^fetch done,( recipe done,)? install done, build running, start waiting, healthy waiting$/,
    );
    expect(phases[0]?.seconds).toEqual(expect.any(Number));
    const { number } = await stack.github.pull('slow');
    await commentSays(stack, number, [/Progress.*build …/]);
    await writeFile(gate, '');
    await serves(stack, 'tiny-slow', 'slow');
    await commentSays(stack, number, [/Took.*build \d/, /^(?!.*Progress)/s]);
    const labels = { phase: 'build', outcome: 'done' };
    expect(await counter(stack, 'mayfly_container_phase_seconds_count', labels)).toBe(1);
  });
});
