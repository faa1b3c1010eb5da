/** Starts all processes of a recipe beside whatever else runs, and waits until they are of use together. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessRecipe } from '../recipe/recipe.ts';
import type { Timings } from '../timings.ts';
import { type JobPhase, PhaseError } from '../updates/progress.ts';
import { assemble } from './assembly.ts';
import { type End, firstEnd, type Member, type MemberOptions, startMembers, stopMembers } from './member.ts';
import { freePorts } from './ports.ts';
import { untilReady } from './readiness.ts';
import type { RunningApp } from './running-app.ts';

/** `dir` is the checkout; the directory of each process is below it. `env` is without PORT, HOST and sibling addresses. */
export interface LaunchOptions extends MemberOptions {
  readonly processes: readonly ProcessRecipe[];
  readonly hostHeader: string;
  /** For all of them together to become healthy. */
  readonly deadlineMs: number;
  readonly timings: Timings;
}

export interface Launch {
  /**
   * Resolves once every process with a health check answers it and the others still run. Else throws a PhaseError, of
   * phase `start` when one ended and of phase `healthy` when one did not answer, or the signal's reason, and leaves
   * nothing behind.
   */
  healthy(): Promise<RunningApp>;
  /** For a job that was cancelled. */
  stop(): Promise<void>;
}

/**
 * Resolves once all processes run. Throws a PhaseError of phase `start` when a command cannot be started or ends at
 * once, or the signal's reason, and leaves nothing behind. They are looked at from now on, not only when asked for.
 */
export async function launch(options: LaunchOptions, signal: AbortSignal): Promise<Launch> {
  signal.throwIfAborted();
  const ports = await freePorts(options.processes.length);
  signal.throwIfAborted();
  const members = startMembers(options.processes, ports, options);
  const attempt = new AbortController();
  let ended: End | undefined;
  const end = firstEnd(members).then((found) => {
    ended = found;
  });
  const ready = allReady(members, options, AbortSignal.any([signal, attempt.signal]));
  ready.catch(() => undefined);

  async function stop(): Promise<void> {
    attempt.abort();
    await stopMembers(members, options.timings.cancelAfterMs);
  }

  /** What `work` gives, unless a process ends first. */
  async function orEnd<T>(work: Promise<T>): Promise<T> {
    try {
      await Promise.race([work, end]);
      if (ended) throw failure('start', ended.member, endedMessage(ended), members);
      return await work;
    } catch (error) {
      await stop();
      signal.throwIfAborted();
      throw error;
    }
  }

  await orEnd(Promise.race([ready, delay(options.timings.pollMs, undefined, { signal })]));
  return {
    healthy: async () => assemble(await orEnd(ready), options),
    stop,
  };
}

async function allReady(members: readonly Member[], options: LaunchOptions, signal: AbortSignal) {
  const { hostHeader, deadlineMs, timings } = options;
  return await Promise.all(
    members.map(async (member) => {
      try {
        const { recipe, port } = member;
        return { member, host: await untilReady({ recipe, port, hostHeader, deadlineMs, timings }, signal) };
      } catch (error) {
        throw failure('healthy', member, error instanceof Error ? error.message : String(error), members);
      }
    }),
  );
}

function failure(phase: JobPhase, member: Member, message: string, members: readonly Member[]): PhaseError {
  const text = members.length === 1 ? message : `process ${member.recipe.name}: ${message}`;
  return new PhaseError(phase, text, member.tail());
}

function endedMessage({ member, description }: End): string {
  const { recipe, port } = member;
  const { title } = recipe.command;
  if (recipe.health === undefined && recipe.route === undefined) {
    return `\`${title}\` ${description}. A process must keep running`;
  }
  return `\`${title}\` ${description} before it answered. The app must keep running and listen on $PORT (${port} this time)`;
}
