/** What the phases of a job share: the version that they work on, and a way to run its commands. */
import { delimiter, dirname, join } from 'node:path';
import { makeTail, type Log } from '../log/log.ts';
import { type Command, type Identity, runGroup } from '../processes/process-group.ts';
import { type JobPhase, PhaseError } from '../updates/progress.ts';
import type { Settings } from '../settings.ts';
import type { Timings } from '../timings.ts';
import { TAIL_LINES } from '../app/app-process.ts';

export interface PhaseContext {
  readonly settings: Settings;
  readonly timings: Timings;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** One commit in a directory of its own. */
export interface Checkout {
  readonly dir: string;
  readonly branch: string;
  readonly commit: string;
  /** ISO 8601, of the committer. */
  readonly commitDate: string;
  /** First line. */
  readonly commitMessage: string;
}

export interface CommandRun {
  readonly phase: JobPhase;
  readonly command: Command;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly runAs?: Identity | undefined;
}

/** What a project's own code sees, but for PORT and HOST. */
export function projectEnv(settings: Settings, checkout: Checkout): Record<string, string> {
  return {
    ...settings.childEnv,
    PATH: searchPath(settings, checkout),
    NODE_ENV: settings.nodeEnv,
    COMMIT: checkout.commit,
    BRANCH: checkout.branch,
  };
}

/** The project's own commands first, then the Node that runs the supervisor, wherever another one may be installed. */
function searchPath(settings: Settings, checkout: Checkout): string {
  const modules = join(checkout.dir, 'node_modules', '.bin');
  return [modules, dirname(process.execPath), settings.childEnv['PATH'] ?? ''].join(delimiter);
}

/** Runs to the end and returns the lines printed; throws a PhaseError with the last of them when it fails or hangs. */
export async function runCommand(context: PhaseContext, run: CommandRun): Promise<string[]> {
  const { settings, timings, log, signal } = context;
  const { command, phase, cwd, env, runAs } = run;
  const tail = makeTail();
  const onLine = (line: string): void => {
    tail.add(line);
    log.line(phase, line);
  };
  const deadline = AbortSignal.timeout(settings.phaseDeadlineMs);
  const fail = (what: string): PhaseError =>
    new PhaseError(phase, `\`${command.title}\` ${what}`, tail.last(TAIL_LINES));
  const options = {
    cwd,
    env,
    onLine,
    runAs,
    signal: AbortSignal.any([signal, deadline]),
    cancelAfterMs: timings.cancelAfterMs,
  };
  const exit = await runGroup(command, options).catch((error: unknown) => {
    signal.throwIfAborted();
    if (deadline.aborted) throw fail(`was stopped after ${settings.phaseDeadlineMs / 1_000} s without an end`);
    throw error;
  });
  if (exit.code !== 0) throw fail(exit.description);
  return tail.last(TAIL_LINES);
}
