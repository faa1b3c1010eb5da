/**
 * The record of calls: each with what IAM would be asked about it, so that a policy can be tried against what was really
 * called. Costs nothing where it is not made.
 */
import type { LocalClock } from '../service.ts';
import { ANY, NOTHING_KNOWN } from './authorisation.ts';
import type { Ask, Authorisation, Conditions, Home, Known } from './authorisation.ts';
import { ECS_ASKS } from './ecs.ts';
import { elbv2Asks } from './elbv2.ts';
import { dynamoDbAsk, ECR_ASKS, LOGS_ASKS } from './others.ts';

/** One question to IAM; a call with tags or roles makes several, with the same `at` and `operation`. */
export interface CallRecord {
  /** Ms since the epoch, when the call came in. */
  readonly at: number;
  /** Access key id; empty for an unsigned request. */
  readonly principal: string;
  /** What was called, e.g. `ecs:RunTask`. */
  readonly operation: string;
  /** What is to be allowed for it, e.g. `ecs:RunTask`, `ecs:TagResource` or `iam:PassRole`. */
  readonly action: string;
  /** IAM allows the call only if it allows the action on each of them. */
  readonly resources: readonly CallResource[];
  /** Condition keys of the request, which hold for every resource. */
  readonly conditions: Conditions;
  /** `ok`, or the code of the error. */
  readonly outcome: string;
}

export interface CallResource {
  /** `*` for actions without resource-level permissions. An id that is only given by the call is a `*`. */
  readonly arn: string;
  /** Condition keys of this resource as it was before the call: its tags. */
  readonly conditions: Conditions;
}

export interface RecordedCall {
  /** As in the credential scope of a signature: `ecs`, `elasticloadbalancing`, `logs`, `ecr`, `dynamodb`. */
  readonly service: string;
  /** e.g. `RunTask`. */
  readonly operation: string;
  readonly input: object;
  /** Access key id. */
  readonly principal: string;
}

export interface RecorderOptions extends Home {
  readonly clock: Pick<LocalClock, 'now'>;
  /** Whose tags and roles the conditions are about; see `knownFrom`. Default: nothing is known. */
  readonly known?: Known;
  readonly write: (record: CallRecord) => void;
}

export interface CallRecorder {
  /** Before the call, since it may change the tags that it is authorised on; then once with `ok` or the error's code. */
  begin(call: RecordedCall): (outcome: string) => void;
}

export function makeCallRecorder(options: RecorderOptions): CallRecorder {
  const { clock, known = NOTHING_KNOWN, write } = options;
  return {
    begin({ service, operation, input, principal }) {
      const at = clock.now();
      const asked = askOf(service, operation)(input as Record<string, unknown>, options, known);
      const records = asked.map(({ action, resources, conditions }) => ({
        at,
        principal,
        operation: `${service}:${operation}`,
        action,
        resources: resources.map((arn) => ({ arn, conditions: resourceTags(service, known.tagsOf(arn)) })),
        conditions,
      }));
      return (outcome) => {
        for (const record of records) write({ ...record, outcome });
      };
    },
  };
}

/** The questions of one call alone, without a record. */
export function authorisationsOf(
  call: Omit<RecordedCall, 'principal'>,
  home: Home,
  known: Known = NOTHING_KNOWN,
): readonly Authorisation[] {
  return askOf(call.service, call.operation)(call.input as Record<string, unknown>, home, known);
}

const TABLES: Readonly<Record<string, Readonly<Record<string, Ask>>>> = {
  ecs: ECS_ASKS,
  ecr: ECR_ASKS,
  logs: LOGS_ASKS,
};

function askOf(service: string, operation: string): Ask {
  if (service === 'elasticloadbalancing') return elbv2Asks(operation);
  if (service === 'dynamodb') return dynamoDbAsk(operation);
  const table = TABLES[service] ?? {};
  const ask = Object.hasOwn(table, operation) ? table[operation] : undefined;
  return ask ?? (() => [{ action: `${service}:${operation}`, resources: ANY, conditions: {} }]);
}

/** Each service has a spelling of its own beside AWS's common one. */
function resourceTags(service: string, tags: Readonly<Record<string, string>> = {}): Conditions {
  return Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`${service}:ResourceTag/${key}`, value],
    ]),
  );
}
