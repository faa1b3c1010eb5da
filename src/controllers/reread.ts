/**
 * Reads one pull request as GitHub has it now and runs it through the same function as a webhook (DESIGN §5): after
 * events that carry no usable time, after two snapshots within the same second, and now and then in case an event was
 * lost. What a re-read finds asks for no further one.
 *
 * Every known pull request is read again when a replica begins to lead. A lease that comes and goes would use up the
 * 5,000 requests an hour by that, so a read without an event behind it (low priority) is left out when this process has
 * made one lately.
 */
import { GitHubError, type GitHubPort } from '../github/port.ts';
import { applyAsk } from '../intake/apply-ask.ts';
import { desiredFrom } from '../intake/desired-from.ts';
import type { Project } from '../model/project.ts';
import type { PullSnapshot } from '../model/snapshot.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Reconcile } from '../runtime/controller.ts';
import { TerminalError, TransientError, WaitingError } from '../runtime/errors.ts';
import type { EnvironmentStore } from '../store/port.ts';

export interface RereadLoop {
  readonly projects: readonly Project[];
  readonly github: GitHubPort;
  readonly store: EnvironmentStore;
  readonly clock: Clock;
  readonly onIntent: (sessionId: string) => void;
  /** Between the reads of all of them, in ms; without it nothing is left out. */
  readonly rereadMs?: number | undefined;
}

/** GitHub's advice where it does not say how long. */
const LIMITED_MS = 60_000;
const MOST_PULLS = 10_000;

/** Key of the queue: `owner/name#12`. */
export function rereadKey(repo: string, number: number): string {
  return `${repo}#${number}`;
}

export function makeRereadReconcile(loop: RereadLoop): Reconcile {
  const { projects, github, store, clock, onIntent } = loop;
  const lately = makeLately(loop);
  return async (key, { priority }) => {
    if (priority === 'low' && lately.has(key)) return {};
    const startedAt = clock.monotonic();
    // When this one fails, what is tried again must not be taken for needless.
    lately.forget(key);
    const [repo = '', number] = key.split('#');
    const concerned = projects.filter((each) => each.repo.toLowerCase() === repo.toLowerCase());
    const snapshot = concerned.length > 0 ? await read(github, repo, Number(number)) : undefined;
    for (const ask of snapshot ? concerned.map((project) => desiredFrom(snapshot, project)) : []) {
      const outcome = await applyAsk(store, ask, clock.now());
      if (outcome.kind === 'created' || outcome.kind === 'updated') onIntent(outcome.sessionId);
    }
    lately.add(key, startedAt);
    return {};
  };
}

interface Lately {
  has(key: string): boolean;
  add(key: string, at: number): void;
  forget(key: string): void;
}

/** In memory, and bounded: what is forgotten is read once more. */
function makeLately({ clock, rereadMs = 0 }: RereadLoop): Lately {
  const readAt = new Map<string, number>();
  return {
    // Half of the time: one that was late, standing in line, does not push out the next that is in time.
    has: (key) => clock.monotonic() - (readAt.get(key) ?? -Infinity) < rereadMs / 2,
    add(key, at) {
      if (readAt.size >= MOST_PULLS) readAt.clear();
      readAt.set(key, at);
    },
    forget: (key) => void readAt.delete(key),
  };
}

async function read(github: GitHubPort, repo: string, number: number): Promise<PullSnapshot | undefined> {
  return await github.pull(repo, number).catch((error: unknown) => {
    throw error instanceof GitHubError ? reasoned(error) : error;
  });
}

/** The next re-read of this pull request is the retry of a refusal. */
function reasoned(error: GitHubError): Error {
  const { kind, message, retryAfterMs = LIMITED_MS } = error;
  if (kind === 'limited') return new WaitingError('GitHubUnavailable', message, retryAfterMs, { cause: error });
  if (kind === 'refused') return new TerminalError('ReportRefused', message, { cause: error });
  return new TransientError('GitHubUnavailable', message, { cause: error });
}
