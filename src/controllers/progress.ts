/** Metrics that follow from how one status became the next. */
import type { Desired, Status } from '../model/environment.ts';
import type { StepKind } from '../model/step.ts';
import { sourcesOf } from '../plan/effective.ts';
import type { Plan } from '../plan/environment.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface Progress {
  readonly before: Status;
  readonly after: Status;
  readonly desired: Desired;
  readonly now: number;
}

/** Label-to-URL when the first commit of a life goes live, push-to-live when a later one does. */
export function observeProgress(metrics: Metrics, { before, after, desired, now }: Progress): void {
  if (after.liveCommit === undefined || after.liveCommit === before.liveCommit) return;
  const labels = { project: desired.project };
  if (before.liveCommit === undefined) {
    if (after.wantedAt !== undefined) metrics.labelToUrlSeconds.observe(labels, secondsSince(after.wantedAt, now));
    return;
  }
  const source = sourcesOf(desired).find(({ commit }) => commit === after.liveCommit);
  if (source) metrics.pushToLiveSeconds.observe(labels, secondsSince(source.at, now));
}

/** Things that a settled environment had and that must be made again: somebody took them away. */
const PUT_BACK: readonly StepKind[] = ['create-target-group', 'create-rule'];

export function countDrift(metrics: Metrics, status: Status, plan: Plan): void {
  if (status.attempt?.healthyAt === undefined || status.failure) return;
  const current = plan.tasks?.current;
  if (current?.lastStatus !== 'RUNNING' || current.arn !== status.attempt.taskArn) return;
  for (const { kind } of plan.steps) {
    if (PUT_BACK.includes(kind)) metrics.driftRepaired.inc({ kind });
  }
}

function secondsSince(iso: string, now: number): number {
  return Math.max(0, (now - Date.parse(iso)) / 1_000);
}
