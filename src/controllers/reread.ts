/**
 * Reads one pull request as GitHub has it now and runs it through the same function as a webhook (DESIGN §5): after
 * events that carry no usable time, after two snapshots within the same second, and now and then in case an event was
 * lost. What a re-read finds asks for no further one.
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
}

/** GitHub's advice where it does not say how long. */
const LIMITED_MS = 60_000;

/** Key of the queue: `owner/name#12`. */
export function rereadKey(repo: string, number: number): string {
  return `${repo}#${number}`;
}

export function makeRereadReconcile({ projects, github, store, clock, onIntent }: RereadLoop): Reconcile {
  return async (key) => {
    const [repo = '', number] = key.split('#');
    const concerned = projects.filter((each) => each.repo.toLowerCase() === repo.toLowerCase());
    const snapshot = concerned.length > 0 ? await read(github, repo, Number(number)) : undefined;
    if (!snapshot) return {};
    for (const project of concerned) {
      const outcome = await applyAsk(store, desiredFrom(snapshot, project), clock.now());
      if (outcome.kind === 'created' || outcome.kind === 'updated') onIntent(outcome.sessionId);
    }
    return {};
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
