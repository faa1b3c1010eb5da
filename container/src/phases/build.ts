/** Runs the project's `build` script, when it has one. */
import { freePort } from '../app/app-process.ts';
import type { Recipe } from '../recipe/simple.ts';
import { type Checkout, type PhaseContext, projectEnv, runCommand } from './phase.ts';

export async function build(context: PhaseContext, checkout: Checkout, recipe: Recipe): Promise<void> {
  if (!recipe.build) {
    context.log.say('package.json has no script "build": nothing is built');
    return;
  }
  // Builds that render pages or check their settings want a PORT; nothing of the supervisor's listens there.
  const env = { ...projectEnv(context.settings, checkout), HOST: '127.0.0.1', PORT: String(await freePort()) };
  const { runAs } = context.settings;
  await runCommand(context, { phase: 'build', command: recipe.build, cwd: checkout.dir, env, runAs });
}
