/** Starts the app of a version that is built, beside whatever serves. */
import { type AppProcess, startApp } from '../app/app-process.ts';
import type { Recipe } from '../recipe/simple.ts';
import { type Checkout, type PhaseContext, projectEnv } from './phase.ts';

export function start(context: PhaseContext, checkout: Checkout, recipe: Recipe): Promise<AppProcess> {
  const { settings, timings, log, signal } = context;
  return startApp(
    {
      command: recipe.start,
      cwd: checkout.dir,
      env: projectEnv(settings, checkout),
      runAs: settings.runAs,
      healthPath: settings.healthPath,
      hostHeader: settings.publicHost,
      deadlineMs: settings.startDeadlineMs,
      timings,
      onLine: (line) => log.line('app/web', line),
    },
    signal,
  );
}
