/** What the phases of a job share: what they work with, and a way to run commands. */
import { delimiter, dirname, join } from 'node:path';
import type { Stash } from '../cache/stash.ts';
import { makeTail, type Log } from '../log/log.ts';
import { diskNote } from './disk.ts';
import { type Command, type Identity, runGroup } from '../processes/process-group.ts';
import type { Commit } from '../repository/repository.ts';
import type { Settings } from '../settings.ts';
import type { Timings } from '../timings.ts';
import { type JobPhase, PhaseError } from '../updates/progress.ts';

export interface PhaseContext {
  readonly settings: Settings;
  readonly timings: Timings;
  readonly log: Log;
  readonly stash: Stash;
  readonly signal: AbortSignal;
}

/** One commit in a directory of its own. */
export interface Checkout extends Commit {
  readonly dir: string;
}

export interface CommandRun {
  readonly phase: JobPhase;
  readonly command: Command;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly runAs?: Identity | undefined;
  /** Before each line in the log, where several commands run side by side. */
  readonly label?: string;
}

export const TAIL_LINES = 20;

/** What a project's own code sees in a directory of its checkout, but for PORT and HOST. */
export function projectEnv(
  settings: Settings,
  checkout: Checkout,
  directory: string,
  recipeEnv: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    NODE_ENV: settings.nodeEnv,
    ...settings.childEnv,
    ...recipeEnv,
    PATH: searchPath(settings, checkout.dir, directory),
    COMMIT: checkout.commit,
    BRANCH: checkout.branch,
  };
}

/** The project's own commands first, then the Node that runs the supervisor, wherever another one may be installed. */
function searchPath(settings: Settings, dir: string, directory: string): string {
  const places = directory === '' ? [''] : [directory, ''];
  const modules = places.map((place) => join(dir, place, 'node_modules', '.bin'));
  return [...modules, dirname(process.execPath), settings.childEnv['PATH'] ?? ''].join(delimiter);
}

/** Runs to the end and returns the last lines printed; throws a PhaseError with them when it fails or hangs. */
export async function runCommand(context: PhaseContext, run: CommandRun): Promise<string[]> {
  const { settings, timings, log, signal } = context;
  const { command, phase, cwd, env, runAs, label } = run;
  const tail = makeTail();
  const onLine = (line: string): void => {
    tail.add(line);
    log.line(phase, label === undefined ? line : `${label}: ${line}`);
  };
  const deadline = AbortSignal.timeout(settings.phaseDeadlineMs);
  const fail = async (what: string): Promise<PhaseError> => {
    const lines = tail.last(TAIL_LINES);
    return new PhaseError(phase, `\`${command.title}\` ${what}${await diskNote(cwd, lines)}`, lines);
  };
  const options = {
    cwd,
    env,
    onLine,
    runAs,
    signal: AbortSignal.any([signal, deadline]),
    cancelAfterMs: timings.cancelAfterMs,
  };
  const exit = await runGroup(command, options).catch(async (error: unknown) => {
    signal.throwIfAborted();
    if (deadline.aborted) throw await fail(`was stopped after ${settings.phaseDeadlineMs / 1_000} s without an end`);
    throw error;
  });
  if (exit.code !== 0) throw await fail(exit.description);
  return tail.last(TAIL_LINES);
}
