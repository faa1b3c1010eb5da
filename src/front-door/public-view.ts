/**
 * What of an environment everybody may see. Messages that tell of the operator's surroundings (private addresses,
 * account ids, what GitHub or AWS refused and to whom) are for the record and the command line; the page shows what the
 * reason means.
 */
import type { ConditionType } from '../model/conditions.ts';
import { REASONS, type Reason } from '../model/reasons.ts';
import type { EnvironmentView } from '../status/view.ts';

const TYPES: ReadonlySet<ConditionType> = new Set(['ControlReachable', 'Reported', 'ImageAvailable']);

/** They reach other conditions and the failure too, where they are what holds everything up. */
const HIDDEN_REASONS: ReadonlySet<Reason> = new Set<Reason>([
  'ImageNotFound',
  'TaskDefinitionNotFound',
  'BranchNotFound',
  'ControlUnreachable',
  'ReportRefused',
  'GitHubUnavailable',
  'QuotaExceeded',
  'AwsError',
  'AwsDenied',
  'AwsUnavailable',
  'Throttled',
]);

export function publicView(view: EnvironmentView): EnvironmentView {
  const { conditions, failure, updateFailure } = view;
  return {
    ...view,
    conditions: conditions.map((condition) => (TYPES.has(condition.type) ? plain(condition) : guarded(condition))),
    failure: failure && guarded(failure),
    updateFailure: updateFailure && guarded(updateFailure),
  };
}

interface Told {
  readonly reason: Reason;
  readonly message: string;
}

function guarded<T extends Told>(told: T): T {
  return HIDDEN_REASONS.has(told.reason) ? plain(told) : told;
}

function plain<T extends Told>(told: T): T {
  return { ...told, message: REASONS[told.reason] };
}
