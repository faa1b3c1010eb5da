/** The scenario that `npm run demo -- --check` runs, on a repository that builds in a moment. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SCENARIO, type Scenario } from '../../src/local/demo/scenario.ts';
import { openTestStack, type TestStack } from './support/test-stack.ts';
import { tinyApp } from './support/tiny-app.ts';

let world: TestStack;
let scenario: Scenario;

beforeAll(async () => {
  world = await openTestStack({ addresses: '127.40.0.0/24' });
  scenario = { stack: world.stack, app: tinyApp(world.repo) };
});

afterAll(async () => {
  await world?.close();
});

afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.error(`the operator's log ends with\n${world.log()}`);
});

describe('what a person would try, in order', () => {
  let broken: string | undefined;

  it.each(SCENARIO)('$name', async (step) => {
    // Later steps build on earlier ones: one that failed is the only one worth reading.
    if (broken !== undefined) throw new Error(`not tried, since this step before it failed: ${broken}`);
    broken = step.name;
    await step.run(scenario);
    broken = undefined;
  });
});

describe('the end', () => {
  it('leaves no process of the stack or of its tasks behind', async () => {
    // The operator, AWS, GitHub, and at least one task with its app.
    expect(world.processes().length).toBeGreaterThanOrEqual(5);
    await world.close();
    expect(world.processes()).toEqual([]);
  });
});
