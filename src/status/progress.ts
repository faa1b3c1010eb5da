/** How far a start has come, as a short list of stages that people understand. Derived from conditions, for display only. */
import { type Conditions, type ConditionType, isTrue } from '../model/conditions.ts';
import type { EnvironmentState } from '../model/environment.ts';
import type { JobPhase } from '../model/observed.ts';
import { REASONS, type Reason } from '../model/reasons.ts';

export type StageName = 'image' | 'task' | 'code' | 'route' | 'ready';
export type StageState = 'done' | 'active' | 'waiting' | 'failed';

export interface Stage {
  readonly name: StageName;
  readonly state: StageState;
  /** What is going on or went wrong; only on the stage that is active or failed. */
  readonly detail?: string | undefined;
  /** What the code is being put through; only on the stage `code` while it is active. */
  readonly phase?: JobPhase | undefined;
}

const STAGE_NAMES: readonly StageName[] = ['image', 'task', 'code', 'route', 'ready'];

/** The condition that tells about a stage. The code has none of its own: `Ready` carries its phases as reasons. */
const STAGE_CONDITION: Readonly<Record<StageName, ConditionType>> = {
  image: 'ImageAvailable',
  task: 'TaskRunning',
  code: 'Ready',
  route: 'Routed',
  ready: 'Ready',
};

/** Where a failure belongs, for the reasons that do not belong to the task. */
const STAGE_OF_REASON: Readonly<Partial<Record<Reason, StageName>>> = {
  ImageNotFound: 'image',
  TaskDefinitionNotFound: 'image',
  BranchNotFound: 'code',
  CredentialNeeded: 'code',
  FetchFailed: 'code',
  RecipeInvalid: 'code',
  InstallFailed: 'code',
  BuildFailed: 'code',
  StartFailed: 'code',
  AppCrashed: 'code',
  CrashLoop: 'code',
  TargetUnhealthy: 'route',
  QuotaExceeded: 'route',
  AppUnhealthy: 'ready',
};

const CODE_PHASES: ReadonlyMap<Reason, JobPhase> = new Map([
  ['Fetching', 'fetch'],
  ['Installing', 'install'],
  ['Building', 'build'],
  ['Starting', 'start'],
]);
const AFTER_CODE: ReadonlySet<Reason> = new Set(['TargetUnhealthy', 'QuotaExceeded', 'FrontDoor']);
const UNDER_WAY: ReadonlySet<EnvironmentState> = new Set(['PENDING', 'STARTING', 'RUNNING', 'FAILED']);

const NOTHING_DONE: readonly Stage[] = STAGE_NAMES.map((name) => ({ name, state: 'waiting' }));

/** Five stages in the order in which they pass; at most one is active or failed. `failure` is the last start's. */
export function stagesOf(
  conditions: Conditions,
  state: EnvironmentState,
  failure: Reason | undefined,
): readonly Stage[] {
  // A record that is not accepted was not even tried.
  if (state === 'FAILED' && conditions.Accepted?.status === 'False') return NOTHING_DONE;
  const failedAt = state === 'FAILED' ? failedStage(conditions, failure) : undefined;
  const stopAt = failedAt ?? STAGE_NAMES.find((name) => !isDone(name, conditions));
  const reached = stopAt === undefined ? STAGE_NAMES.length : STAGE_NAMES.indexOf(stopAt);
  return STAGE_NAMES.map((name, index) => {
    if (index < reached) return { name, state: UNDER_WAY.has(state) ? 'done' : 'waiting' };
    if (index > reached || !UNDER_WAY.has(state)) return { name, state: 'waiting' };
    if (failedAt !== undefined) return { name, state: 'failed', detail: failure && REASONS[failure] };
    return { name, state: 'active', ...detailOf(name, conditions) };
  });
}

function failedStage(conditions: Conditions, failure: Reason | undefined): StageName {
  const known = failure && STAGE_OF_REASON[failure];
  if (known) return known;
  // A start that is past its deadline failed wherever it stood.
  const open = STAGE_NAMES.find((name) => !isDone(name, conditions));
  return failure === 'StartDeadlineExceeded' && open ? open : 'task';
}

function isDone(name: StageName, conditions: Conditions): boolean {
  const routed = isTrue(conditions, 'Routed');
  if (name === 'code') return routed || (isTrue(conditions, 'TaskRunning') && codeIsDone(conditions));
  if (name === 'ready') return routed && isTrue(conditions, 'Ready');
  return isTrue(conditions, STAGE_CONDITION[name]);
}

/** While the task runs and no phase is under way, only the load balancer's first health check is missing. */
function codeIsDone(conditions: Conditions): boolean {
  const reason = conditions.Ready?.reason;
  if (reason === undefined || CODE_PHASES.has(reason)) return false;
  return AFTER_CODE.has(reason) || (reason === 'TaskRunning' && isTrue(conditions, 'ControlReachable'));
}

function detailOf(name: StageName, conditions: Conditions): Pick<Stage, 'detail' | 'phase'> {
  const condition = conditions[STAGE_CONDITION[name]];
  if (!condition || condition.reason === 'Unknown') return {};
  const detail = REASONS[condition.reason];
  if (name !== 'code') return { detail };
  const phase = CODE_PHASES.get(condition.reason);
  return phase === undefined ? {} : { detail, phase };
}
