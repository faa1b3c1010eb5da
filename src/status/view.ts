/**
 * What people see of an environment: one value that the comment, the waiting page and the command line all render, so
 * that they cannot disagree. Pure; nothing in it is escaped.
 */
import { CONDITION_TYPES, type Condition, type ConditionType, isTrue } from '../model/conditions.ts';
import type {
  Deployment,
  Desired,
  EnvironmentState,
  Failure,
  Fault,
  Source,
  SourceKey,
  Status,
  StoredEnvironment,
} from '../model/environment.ts';
import { hostOf, urlOf } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import { REASONS } from '../model/reasons.ts';
import { effective } from '../plan/effective.ts';
import { type HeldField, heldFields } from './held.ts';
import { type Headline, headlineOf } from './headline.ts';
import { nextStepsOf } from './next-steps.ts';
import { type JobView, jobView } from './job.ts';
import { type Stage, stagesOf } from './progress.ts';
import { type FailureView, failureView, startFailure } from './trouble.ts';

export interface ConditionView extends Condition {
  readonly type: ConditionType;
  /** What the reason means, from the closed list. */
  readonly meaning: string;
}

export interface SourceView extends Source {
  readonly key: SourceKey;
}

export interface EnvironmentView {
  readonly sessionId: string;
  readonly state: EnvironmentState;
  readonly headline: Headline;
  /** ISO time since when it is in this state, where known. */
  readonly since?: string | undefined;
  /** ISO time since when it is wanted. */
  readonly wantedAt?: string | undefined;
  /** Name of the project; absent when the record cannot be understood. */
  readonly project?: string | undefined;
  /** Base repository of the project, where its pull requests and issues are. */
  readonly baseRepo?: string | undefined;
  /** Head repository. */
  readonly repo?: string | undefined;
  readonly branch?: string | undefined;
  readonly imageTag?: string | undefined;
  /** The commit that is wanted. */
  readonly commit?: string | undefined;
  /** The commit whose code answers requests. */
  readonly liveCommit?: string | undefined;
  readonly host?: string | undefined;
  readonly url?: string | undefined;
  readonly wanted: boolean;
  readonly paused: boolean;
  readonly conditions: readonly ConditionView[];
  readonly failure?: FailureView | undefined;
  readonly updateFailure?: FailureView | undefined;
  /** Newest first. */
  readonly deployments: readonly Deployment[];
  readonly held: readonly HeldField[];
  readonly sources: readonly SourceView[];
  /** Who asked in vain, since this environment has the name. */
  readonly clashes: NonNullable<Desired['clashes']>;
  readonly faults: readonly Fault[];
  readonly stages: readonly Stage[];
  /** What the container was or is at, phase by phase, where its supervisor tells. */
  readonly job?: JobView | undefined;
  readonly nextSteps: readonly string[];
  /** What was asked for and is not done, in words. */
  readonly notices: readonly string[];
  /** The project's own line, as configured. */
  readonly note?: string | undefined;
}

/** `project` is the configured one of the record's name, if there is one; `now` in ms. */
export function viewOf(stored: StoredEnvironment, project: Project | undefined, now: number): EnvironmentView {
  const { sessionId, status } = stored;
  const { ask, sources, held, faults } = wishesOf(stored, project, now);
  const state = shownState(stored);
  const failure = startFailure(state, status);
  const updateFailure = failureView(state === 'RUNNING' ? lastUpdate(status) : undefined);
  const asked = sources.some((source) => source.wanted);
  const labels = project?.labels.map(({ label }) => label) ?? [];
  const { conditions, deployments, liveCommit, wantedAt } = status;
  return {
    sessionId,
    state,
    headline: headlineOf({ state, conditions, faults, failure, updateFailure, paused: ask.paused }),
    since: sinceOf(state, status),
    wantedAt,
    ...ask,
    ...placeOf(project, stored),
    liveCommit,
    conditions: conditionViews(status),
    failure,
    updateFailure,
    deployments,
    held,
    sources,
    clashes: stored.ok ? (stored.desired.clashes ?? {}) : {},
    faults,
    stages: stagesOf(conditions, state, failure?.reason),
    job: jobView(status.job),
    nextSteps: nextStepsOf({ state, faults, failure, updateFailure, labels, held: held.length, asked }),
    notices: noticesOf(sources, status),
  };
}

/** What a record says that its status does not; nothing but the faults when it cannot be understood. */
function wishesOf(
  stored: StoredEnvironment,
  project: Project | undefined,
  now: number,
): Pick<EnvironmentView, 'sources' | 'held' | 'faults'> & { readonly ask: Ask } {
  if (!stored.ok) return { ask: { wanted: false, paused: false }, sources: [], held: [], faults: stored.faults };
  const { desired, status } = stored;
  return {
    ask: askOf(desired, project, status, now),
    sources: sourceViews(desired),
    held: heldFields(desired, now),
    faults: [],
  };
}

function placeOf(
  project: Project | undefined,
  { sessionId, status }: StoredEnvironment,
): Pick<EnvironmentView, 'baseRepo' | 'host' | 'url' | 'note'> {
  if (!project) return { url: webAddress(status.url) };
  const { listener, repo, note } = project;
  return { baseRepo: repo, host: hostOf(listener, sessionId), url: urlOf(listener, sessionId), note };
}

type Ask = Pick<EnvironmentView, 'project' | 'repo' | 'branch' | 'imageTag' | 'commit' | 'wanted' | 'paused'>;

function askOf(desired: Desired, project: Project | undefined, status: Status, now: number): Ask {
  const { project: name, repo } = desired;
  if (!project) {
    const { branch, commit, imageTag, wanted } = desired;
    return { project: name, repo, branch, commit, imageTag, wanted, paused: false };
  }
  const { branch, commit, imageTag, wanted, paused } = effective({ desired, project, head: status.head, now });
  return { project: name, repo, branch, commit, imageTag, wanted, paused };
}

/** Nothing is called stopped before a fresh listing found nothing. */
function shownState({ state, status }: StoredEnvironment): EnvironmentState {
  if (state === 'STOPPED' && !isTrue(status.conditions, 'Removed')) return 'STOPPING';
  return state ?? 'PENDING';
}

function sinceOf(state: EnvironmentState, status: Status): string | undefined {
  const { Ready: ready, Removed: removed } = status.conditions;
  switch (state) {
    case 'RUNNING':
      return ready?.since;
    case 'FAILED':
      return startFailure(state, status)?.at;
    case 'PENDING':
    case 'STARTING':
      return status.wantedAt;
    default:
      return (removed ?? ready)?.since;
  }
}

function conditionViews({ conditions }: Status): readonly ConditionView[] {
  return CONDITION_TYPES.flatMap((type) => {
    const condition = conditions[type];
    return condition ? [{ type, ...condition, meaning: REASONS[condition.reason] }] : [];
  });
}

/** A replacement that failed beside the task that serves is recorded as a failure of the start. */
function lastUpdate({ updateFailure, failure, conditions }: Status): Failure | undefined {
  if (updateFailure) return updateFailure;
  return conditions.UpToDate?.reason === 'UpdateFailed' ? failure : undefined;
}

function sourceViews(desired: Desired): readonly SourceView[] {
  const entries = Object.entries(desired.sources) as [SourceKey, Source | undefined][];
  return entries.flatMap(([key, source]) => (source ? [{ key, ...source }] : []));
}

function noticesOf(sources: readonly SourceView[], { conditions }: Status): readonly string[] {
  const agent = sources.some((source) => source.wanted && source.agent === true);
  const locked = [conditions.Ready, conditions.UpToDate].some((one) => one?.reason === 'CredentialNeeded');
  return [
    ...(agent ? ['The label asks for an agent; none is configured.'] : []),
    ...(locked ? [REASONS.CredentialNeeded] : []),
  ];
}

/** The recorded address, when it is one: the record can be edited by hand, and this becomes a link. */
function webAddress(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? url : undefined;
}
