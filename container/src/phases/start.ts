/** Starts the processes of a version that is built, beside whatever serves. */
import { type Launch, launch } from '../app/launch.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { type Checkout, type PhaseContext, projectEnv } from './phase.ts';

export function start(context: PhaseContext, checkout: Checkout, recipe: Recipe): Promise<Launch> {
  const { settings, timings, log, signal } = context;
  return launch(
    {
      processes: recipe.processes,
      dir: checkout.dir,
      env: ({ directory, env }) => ({ ...projectEnv(settings, checkout, directory, recipe.env), ...env }),
      runAs: settings.runAs,
      hostHeader: settings.publicHost,
      deadlineMs: settings.startDeadlineMs,
      timings,
      onLine: (name, line) => log.line(`app/${name}`, line),
    },
    signal,
  );
}
