/** Metrics that follow from how one status became the next. */
import { isTrue } from '../model/conditions.ts';
import type { Desired, JobRecord, PhaseRecord, Status } from '../model/environment.ts';
import { JOB_PHASES, PHASE_OUTCOMES } from '../model/observed.ts';
import type { Step, StepKind } from '../model/step.ts';
import { sourcesOf } from '../plan/effective.ts';
import type { Plan } from '../plan/environment.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface Progress {
  readonly before: Status;
  readonly after: Status;
  readonly desired: Desired;
  readonly now: number;
}

/** Label-to-URL when the first commit of a life goes live, push-to-live when a later one does; phases as they end. */
export function observeProgress(metrics: Metrics, progress: Progress): void {
  observeLive(metrics, progress);
  for (const { phase, outcome, ms } of newlyEnded(progress)) {
    metrics.containerPhaseSeconds.observe({ phase, outcome }, ms / 1_000);
  }
}

/** Phases whose end this pass was the first to see. */
function newlyEnded({ before, after }: Progress): readonly Ended[] {
  const known = new Set(endedPhases(before.job).map(identityOf));
  return endedPhases(after.job).filter((ended) => !known.has(identityOf(ended)));
}

type Ended = PhaseRecord & { readonly ms: number; readonly attempt: number };

function endedPhases(job: JobRecord | undefined): readonly Ended[] {
  if (!job) return [];
  return job.phases.flatMap((phase) => {
    const { ms } = phase;
    return ms === undefined ? [] : [{ ...phase, ms, attempt: job.attempt }];
  });
}

function identityOf({ attempt, phase, at }: Ended): string {
  return `${attempt} ${phase} ${at}`;
}

function observeLive(metrics: Metrics, { before, after, desired, now }: Progress): void {
  if (after.liveCommit === undefined || after.liveCommit === before.liveCommit) return;
  const labels = { project: desired.project };
  if (before.liveCommit === undefined) {
    if (after.wantedAt !== undefined) metrics.labelToUrlSeconds.observe(labels, secondsSince(after.wantedAt, now));
    return;
  }
  const source = sourcesOf(desired).find(({ commit }) => commit === after.liveCommit);
  if (source) metrics.pushToLiveSeconds.observe(labels, secondsSince(source.at, now));
}

/** Steps that make a route. Done for an environment that was routed, they make it again: somebody took it away. */
const PUT_BACK = [
  'create-target-group',
  'create-rule',
  'set-weights',
  'register-target',
  'modify-target-group',
] as const satisfies readonly StepKind[];

/** Every series that can be known beforehand. */
export function startProgressAtZero(metrics: Metrics, projects: readonly string[]): void {
  for (const kind of PUT_BACK) metrics.driftRepaired.inc({ kind }, 0);
  for (const phase of JOB_PHASES) {
    for (const outcome of PHASE_OUTCOMES) {
      if (outcome !== 'running') metrics.containerPhaseSeconds.zero({ phase, outcome });
    }
  }
  for (const project of projects) {
    metrics.labelToUrlSeconds.zero({ project });
    metrics.pushToLiveSeconds.zero({ project });
  }
}

/** `before`: the status that the record had when the pass began. `step` of the plan was done. */
export function countDrift(metrics: Metrics, before: Status, plan: Plan, step: Step): void {
  if (isTrue(before.conditions, 'Routed') && putsBack(before, plan, step))
    metrics.driftRepaired.inc({ kind: step.kind });
}

function putsBack({ attempt }: Status, { tasks }: Plan, step: Step): boolean {
  if (step.kind === 'set-weights') return step.weights.environment.weight === 1;
  if (step.kind !== 'register-target') return PUT_BACK.some((kind) => kind === step.kind);
  // A successor is registered beside what serves; only a task that has served already was taken out by somebody.
  const current = tasks?.current;
  return current?.ip === step.ip && attempt?.taskArn === current.arn && attempt.healthyAt !== undefined;
}

function secondsSince(iso: string, now: number): number {
  return Math.max(0, (now - Date.parse(iso)) / 1_000);
}
