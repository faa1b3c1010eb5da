/**
 * Reads one pull request as GitHub has it now and runs it through the same function as a webhook (DESIGN §5): after
 * events that carry no usable time, and after two snapshots within the same second.
 */
import type { GitHubPort } from '../github/port.ts';
import { applyAsk } from '../intake/apply-ask.ts';
import { desiredFrom } from '../intake/desired-from.ts';
import type { Project } from '../model/project.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Reconcile } from '../runtime/controller.ts';
import type { EnvironmentStore } from '../store/port.ts';

export interface RereadLoop {
  readonly projects: readonly Project[];
  readonly github: GitHubPort;
  readonly store: EnvironmentStore;
  readonly clock: Clock;
  readonly onIntent: (sessionId: string) => void;
}

/** Key of the queue: `owner/name#12`. */
export function rereadKey(repo: string, number: number): string {
  return `${repo}#${number}`;
}

export function makeRereadReconcile({ projects, github, store, clock, onIntent }: RereadLoop): Reconcile {
  return async (key) => {
    const [repo = '', number] = key.split('#');
    const project = projects.find((each) => each.repo.toLowerCase() === repo.toLowerCase());
    const snapshot = project && (await github.pull(repo, Number(number)));
    if (!project || !snapshot) return {};
    const outcome = await applyAsk(store, desiredFrom(snapshot, project), clock.now());
    if (outcome.kind === 'created' || outcome.kind === 'updated') onIntent(outcome.sessionId);
    return {};
  };
}
