/**
 * Which calls a storm strikes, and how. Decided by the seed, the call's own words and how often it was made, so that a
 * call meets the same fault when something else is taken out of the story.
 */
import { ApiError } from '../../../src/local/aws/service.ts';
import { LISTINGS } from '../exhaustive/plans.ts';
import { networkError } from '../kernel/actor.ts';
import type { Call, Fault, Weather } from '../kernel/calls.ts';
import { hashOf } from '../kernel/random.ts';
import { sdkError } from '../world/aws.ts';
import { type FaultName, FAULTS, type Story } from './story.ts';

export interface StormOptions {
  readonly story: Story;
  /** Told of each strike, by its `strikeKey`. */
  readonly onStrike?: ((key: string) => void) | undefined;
}

/** From 0 up to 1, by the text alone. */
export function shareOf(text: string): number {
  return hashOf(`${hashOf(text)} ${text}`) / 2 ** 32;
}

const NAMES = Object.keys(FAULTS) as readonly FaultName[];

export function stormOf({ story, onStrike }: StormOptions): Weather {
  const { seed, storm } = story;
  const only = storm.only && new Set(storm.only);
  const made = new Map<string, number>();
  const stale = makeStale();
  return {
    faultOf(call) {
      if (call.at >= storm.until) return undefined;
      const words = `${call.process} ${call.operation} ${call.about}`;
      const count = made.get(words) ?? 0;
      made.set(words, count + 1);
      const key = `${words} ${count}`;
      const name = struckBy(call, story, shareOf(`${seed} ${key}`));
      if (name === undefined || (only && !only.has(key))) return stale.within(call);
      const fault = faultFor(name, call, shareOf(`${key} ${seed} how`), stale);
      if (fault) onStrike?.(key);
      return fault ?? stale.within(call);
    },
  };
}

/** A pause that is read late is acted against for longer than the oracle allows. */
const SPARED = new Set(['store:installation', 'store:prepare']);

function struckBy({ service, operation }: Call, { storm }: Story, share: number): FaultName | undefined {
  if (SPARED.has(operation)) return undefined;
  let sum = 0;
  return NAMES.find((name) => {
    sum += storm.rates[`${service}:${name}`] ?? 0;
    return share < sum;
  });
}

type Stale = ReturnType<typeof makeStale>;

/** Undefined where the fault does not fit the call. */
function faultFor(name: FaultName, call: Call, how: number, stale: Stale): Fault | undefined {
  const { mutates, operation } = call;
  switch (name) {
    case 'lost':
      return { kind: 'lost' };
    case 'answer-lost':
      return { kind: 'answer-lost' };
    case 'late':
      return mutates ? { kind: 'late', ms: 1_000 + Math.round(how * 59_000) } : { kind: 'lost' };
    case 'doubled':
      return mutates ? { kind: 'doubled' } : undefined;
    case 'hangs':
      return { kind: 'hangs', applied: how < 0.5 };
    case 'crash':
      return { kind: 'crash', when: how < 0.5 ? 'before' : 'after' };
    case 'frozen':
      return { kind: 'frozen', ms: 5_000 + Math.round(how * 60_000), applied: hashOf(operation) % 2 ? 'now' : 'late' };
    case 'throttled':
      return refused(new ApiError('ThrottlingException', 'Rate exceeded'));
    case 'disguised':
      return operation === 'ecs:RunTask' ? refused(new ApiError('InvalidParameterException', DISGUISED)) : undefined;
    case 'quota':
      return quotaError(operation, how);
    case 'stale':
      // A comment is found by whoever wrote it: GitHub's list of them is as new as its answer to the write.
      return mutates || operation === 'github:findComment'
        ? undefined
        : stale.begin(call, [5_000, 60_000, 300_000][Math.floor(how * 3)] ?? 5_000);
    case 'page-fails':
      return operation in LISTINGS ? { kind: 'refused', error: () => networkError() } : undefined;
    case 'page-omits':
      return operation in LISTINGS ? { kind: 'answered', answer: (fresh) => omitted(operation, fresh) } : undefined;
  }
}

/** AWS-FACTS ECS "hidden throttle". */
const DISGUISED = 'Error retrieving subnet information for [subnet-a]: Rate exceeded (ErrorCode: Throttling)';

function refused(error: ApiError): Fault {
  return { kind: 'refused', error: () => sdkError(error) };
}

const QUOTAS: Readonly<Record<string, readonly string[]>> = {
  'elasticloadbalancing:CreateTargetGroup': ['TooManyTargetGroups'],
  'elasticloadbalancing:CreateRule': [
    'TooManyRules',
    'TooManyTargetGroups',
    'TooManyUniqueTargetGroupsPerLoadBalancer',
  ],
  'elasticloadbalancing:ModifyRule': ['TooManyUniqueTargetGroupsPerLoadBalancer'],
  'elasticloadbalancing:RegisterTargets': ['TooManyTargets', 'TooManyRegistrationsForTargetId'],
  'ecs:RunTask': ['LimitExceededException', 'BlockedException', 'ServerException'],
};

function quotaError(operation: string, how: number): Fault | undefined {
  const codes = QUOTAS[operation];
  const code = codes?.[Math.floor(how * codes.length)];
  if (code === undefined) return undefined;
  return refused(new ApiError(code, `The quota of ${operation} is reached`, code === 'ServerException' ? 500 : 400));
}

/** The second half of the list is not there, and nothing tells so. */
function omitted(operation: string, fresh: unknown): unknown {
  const member = LISTINGS[operation];
  const list = (member === undefined ? fresh : (fresh as Record<string, unknown>)[member]) as readonly unknown[];
  const some = list.slice(0, Math.floor(list.length / 2));
  return member === undefined ? some : { ...(fresh as object), [member]: some };
}

/** Within the time, each request is answered as it was the first time. */
function makeStale() {
  const windows = new Map<string, { readonly until: number; readonly answers: Map<string, unknown> }>();
  const nameOf = ({ process, operation }: Call): string => `${process} ${operation}`;
  const answered = (call: Call): Fault | undefined => {
    const window = windows.get(nameOf(call));
    if (!window || call.at >= window.until) return undefined;
    const key = JSON.stringify(call.input);
    const { answers } = window;
    return {
      kind: 'answered',
      answer(fresh) {
        if (!answers.has(key)) answers.set(key, fresh);
        return answers.get(key);
      },
    };
  };
  return {
    begin(call: Call, ms: number): Fault | undefined {
      windows.set(nameOf(call), { until: call.at + ms, answers: new Map() });
      return answered(call);
    },
    within: answered,
  };
}
