/**
 * What is wanted in effect: the plain attributes, with a live override on top of them, and the commit only where it
 * belongs to the branch (DESIGN §4).
 */
import type { Desired, Override, Source, Status } from '../model/environment.ts';
import type { ObservedHead } from '../model/observed.ts';
import type { Project } from '../model/project.ts';

export interface Effective {
  readonly wanted: boolean;
  readonly branch: string;
  /** Absent: the branch's head is not resolved yet. */
  readonly commit?: string | undefined;
  readonly imageTag: string;
  readonly env: Readonly<Record<string, string>>;
  readonly paused: boolean;
  /** Number of the pull request whose ask this is, for the task's PR_NUMBER. */
  readonly pullNumber?: number | undefined;
}

export interface EffectiveInput {
  readonly desired: Desired;
  readonly project: Project;
  /** The head of a branch, as last resolved; counts only for the branch that is wanted. */
  readonly head: Status['head'] | ObservedHead;
  readonly now: number;
}

export function effective({ desired, project, head, now }: EffectiveInput): Effective {
  const override = liveOverride(desired.override, now);
  const branch = override.branch ?? desired.branch;
  return {
    wanted: override.wanted ?? desired.wanted,
    branch,
    commit: override.commit ?? commitOf(desired, branch) ?? headOf(branch, head),
    imageTag: override.imageTag ?? desired.imageTag ?? project.defaultTag,
    env: override.env ?? {},
    paused: override.paused ?? false,
    pullNumber: pullNumberOf(desired),
  };
}

function headOf(branch: string, head: EffectiveInput['head']): string | undefined {
  if (head === undefined || ('ok' in head && !head.ok)) return undefined;
  return head.branch === branch ? head.commit : undefined;
}

/** A day: what is further off is looked at again before. Timers of Node have a limit. */
const FAR_MS = 86_400_000;

/** Ms until the first of these times (ISO) that is still to come, at most a day; what is wanted changes then by itself. */
export function msUntil(ends: readonly (string | undefined)[], now: number): number | undefined {
  const left = ends.flatMap((end) => (end === undefined ? [] : [Date.parse(end) - now])).filter((ms) => ms > 0);
  return left.length === 0 ? undefined : Math.min(...left, FAR_MS);
}

/** The override, or an empty one when its `until` has passed. */
function liveOverride(override: Override | undefined, now: number): Override {
  if (!override) return {};
  return override.until !== undefined && Date.parse(override.until) <= now ? {} : override;
}

/**
 * The record's commit when it belongs to `branch`. A person who edits only the branch leaves behind a commit that some
 * source named together with another branch: that commit does not count, and the branch's head is resolved instead.
 */
export function commitOf(desired: Desired, branch: string): string | undefined {
  const { commit } = desired;
  if (commit === undefined) return undefined;
  const naming = sourcesOf(desired).filter((source) => source.commit === commit);
  const ofAnotherBranch = naming.length > 0 && naming.every((source) => source.branch !== branch);
  return ofAnotherBranch ? undefined : commit;
}

export function sourcesOf(desired: Desired): readonly Source[] {
  return Object.values(desired.sources).filter((source) => source !== undefined);
}

function pullNumberOf(desired: Desired): number | undefined {
  const pulls = Object.entries(desired.sources).filter(([key]) => key.startsWith('pull/'));
  const [key] = pulls.find(([, source]) => source?.wanted) ?? pulls[0] ?? [];
  return key === undefined ? undefined : Number(key.slice('pull/'.length));
}
