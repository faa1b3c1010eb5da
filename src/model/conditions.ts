/**
 * Conditions, after Kubernetes' API conventions: adjectives or past participles, `Unknown` until known, and a transition
 * time that moves only when the status moves. Only `plan/summarise.ts` decides them; nothing decides from them.
 */
import type { Reason } from './reasons.ts';

export const CONDITION_TYPES = [
  'Accepted',
  'ImageAvailable',
  'TaskRunning',
  'Routed',
  'Ready',
  'UpToDate',
  'ControlReachable',
  'Reported',
  'Removed',
] as const;

export type ConditionType = (typeof CONDITION_TYPES)[number];

export interface Condition {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
  /** ISO time of the last change of `status`. */
  readonly since: string;
}

export type Conditions = Readonly<Partial<Record<ConditionType, Condition>>>;

/** Sets one condition; `since` is kept while the status stays the same. Returns the same object when nothing changed. */
export function setCondition(
  conditions: Conditions,
  type: ConditionType,
  next: Omit<Condition, 'since'>,
  now: number,
): Conditions {
  const before = conditions[type];
  if (before?.status === next.status) {
    if (before.reason === next.reason && before.message === next.message) return conditions;
    return { ...conditions, [type]: { ...next, since: before.since } };
  }
  return { ...conditions, [type]: { ...next, since: new Date(now).toISOString() } };
}

export function isTrue(conditions: Conditions, type: ConditionType): boolean {
  return conditions[type]?.status === 'True';
}
