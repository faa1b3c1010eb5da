/** `.mayfly.yml` over real processes: what is wrong with it is named where people look, and harms nothing that serves. */
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest';
import { commitChange } from '../../src/local/demo/sample-repo.ts';
import { label } from '../../src/local/demo/scenario.ts';
import type { Stack } from '../../src/local/demo/stack.ts';
import { commentSays, conditionSays, serves, unharmed } from './support/looks.ts';
import { openTestStack, type TestStack } from './support/test-stack.ts';

let world: TestStack;
let stack: Stack;

beforeAll(async () => {
  world = await openTestStack({ addresses: '127.40.7.0/24', branches: ['recipe'] });
  ({ stack } = world);
});

afterAll(async () => {
  await world?.close();
});

afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.error(`the operator's log ends with\n${world.log()}`);
});

describe('a push with a recipe that is not valid', () => {
  const recipe = (content: string) =>
    commitChange(world.repo, 'recipe', { file: '.mayfly.yml', content }, 'Say how it is run');

  it('names the faults and leaves the old version serving', async () => {
    await label(stack, 'recipe', 'uat');
    await serves(stack, 'tiny-recipe', 'recipe');
    await unharmed(stack, 'tiny-recipe', async () => {
      await recipe('nonsense: true\nbuild: { run: 5 }\n');
      const words = [/has 2 faults:\n/, /nonsense: is not known/, /build: found .*allowed: a command/];
      await conditionSays(stack, 'tiny-recipe', 'UpToDate', { status: 'False', reason: 'UpdateFailed', words });
      const { number } = await stack.github.pull('recipe');
      await commentSays(stack, number, ['The update failed', 'RecipeInvalid', ...words]);
      await serves(stack, 'tiny-recipe', 'recipe');
    });
  });

  it('is forgotten once it is corrected', async () => {
    await unharmed(stack, 'tiny-recipe', async () => {
      await recipe('env:\n  GREETING: hello\n');
      await conditionSays(stack, 'tiny-recipe', 'UpToDate', { status: 'True' });
      const { number } = await stack.github.pull('recipe');
      await commentSays(stack, number, [/^(?!.*RecipeInvalid)/s, /Took/]);
    });
  });
});
