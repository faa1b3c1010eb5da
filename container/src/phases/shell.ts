/** Small scripts of our own in a checkout, with the rights of the project's code. */
import { makeTail } from '../log/log.ts';
import { runGroup } from '../processes/process-group.ts';
import type { PhaseContext } from './phase.ts';

export interface Script {
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Of what a script prints, so many lines are kept. */
export const MOST_LINES = 500;

/** The lines that it printed; undefined when it failed. Rejects when the job is cancelled. */
export async function shell(context: PhaseContext, cwd: string, run: Script): Promise<readonly string[] | undefined> {
  const { settings, signal, timings } = context;
  const output = makeTail(MOST_LINES + 1);
  const exit = await runGroup(
    { file: '/bin/sh', args: ['-c', run.script, 'sh', ...(run.args ?? [])], title: 'sh' },
    {
      cwd,
      env: { ...settings.childEnv, GIT_CONFIG_GLOBAL: '/dev/null', ...run.env },
      onLine: (line) => output.add(line),
      signal,
      cancelAfterMs: timings.cancelAfterMs,
      runAs: settings.runAs,
    },
  );
  return exit.code === 0 ? output.last(MOST_LINES + 1) : undefined;
}
