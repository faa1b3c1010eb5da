/** A plan as weather: one call is struck, and with staleness those of the same kind for a while after it. */
import { DEFAULT_POLICY } from '../../../src/model/policy.ts';
import { ApiError } from '../../../src/local/aws/service.ts';
import type { Call, Fault, Weather } from '../kernel/calls.ts';
import { networkError } from '../kernel/actor.ts';
import { sdkError } from '../world/aws.ts';
import type { Plan, StrikeName } from './plan.ts';
import { LISTINGS } from './plans.ts';

const FROZEN_MS = 45_000;

export interface Strike extends Weather {
  /** True once the call was made. */
  struck(): boolean;
}

export function strikeOf(plan: Plan): Strike {
  let hit = false;
  const stale = makeStale();
  const window = STALE_MS[plan.strike];
  return {
    struck: () => hit,
    faultOf(call) {
      const isIt = call.process === plan.process && call.index === plan.call;
      if (isIt) {
        if (call.operation !== plan.operation)
          throw new Error(`call ${plan.call} is ${call.operation}, planned was ${plan.operation}`);
        hit = true;
        if (window !== undefined) stale.begin(call, window);
      }
      if (plan.strike === 'stale-once') return isIt ? stale.previous(call) : stale.remember(call);
      if (window !== undefined) return stale.within(call);
      return isIt ? FAULTS[plan.strike]?.(call) : undefined;
    },
  };
}

/** For how long such a strike hides what is: until the next look, where one is rare. */
export function blindnessOf({ strike, operation }: Plan): number {
  const rare = strike === 'stale-once' && operation === 'elasticloadbalancing:DescribeTargetHealth';
  return rare ? DEFAULT_POLICY.healthLookMs : (STALE_MS[strike] ?? 0);
}

const STALE_MS: Partial<Record<StrikeName, number>> = { 'stale-5s': 5_000, 'stale-60s': 60_000, 'stale-5min': 300_000 };

const FAULTS: Partial<Record<StrikeName, (call: Call) => Fault>> = {
  'crash-before': () => ({ kind: 'crash', when: 'before' }),
  'crash-after': () => ({ kind: 'crash', when: 'after' }),
  'crash-before-handover': () => ({ kind: 'crash', when: 'before' }),
  'crash-after-handover': () => ({ kind: 'crash', when: 'after' }),
  lost: () => ({ kind: 'lost' }),
  'answer-lost': () => ({ kind: 'answer-lost' }),
  'late-5s': () => ({ kind: 'late', ms: 5_000 }),
  'late-40s': () => ({ kind: 'late', ms: 40_000 }),
  doubled: () => ({ kind: 'doubled' }),
  throttled: () => ({ kind: 'refused', error: () => sdkError(new ApiError('ThrottlingException', 'Rate exceeded')) }),
  disguised: () => ({ kind: 'refused', error: () => sdkError(new ApiError('InvalidParameterException', DISGUISED)) }),
  'page-fails': () => ({ kind: 'refused', error: () => networkError() }),
  'page-omits': ({ operation }) => ({ kind: 'answered', answer: (fresh) => omitted(operation, fresh) }),
  'frozen-in-flight': () => ({ kind: 'frozen', ms: FROZEN_MS, applied: 'now' }),
  'frozen-applied-late': () => ({ kind: 'frozen', ms: FROZEN_MS, applied: 'late' }),
};

/** AWS-FACTS ECS "hidden throttle". */
const DISGUISED = 'Error retrieving subnet information for [subnet-a]: Rate exceeded (ErrorCode: Throttling)';

/** The second half of the list is not there, and nothing tells so. */
function omitted(operation: string, fresh: unknown): unknown {
  const member = LISTINGS[operation];
  const list = (member === undefined ? fresh : (fresh as Record<string, unknown>)[member]) as readonly unknown[];
  const some = list.slice(0, Math.floor(list.length / 2));
  return member === undefined ? some : { ...(fresh as object), [member]: some };
}

/** Answers of before, by request. */
function makeStale() {
  const answers = new Map<string, unknown>();
  let until = Number.NEGATIVE_INFINITY;
  let operation = '';
  const keyOf = (call: Call): string => `${call.operation} ${JSON.stringify(call.input)}`;
  const keep = (call: Call): Fault => ({
    kind: 'answered',
    answer(fresh) {
      answers.set(keyOf(call), fresh);
      return fresh;
    },
  });
  return {
    begin(call: Call, ms: number): void {
      until = call.at + ms;
      operation = call.operation;
    },
    within(call: Call): Fault | undefined {
      if (call.operation !== operation || call.at > until) return undefined;
      const key = keyOf(call);
      return answers.has(key) ? { kind: 'answered', answer: () => answers.get(key) } : keep(call);
    },
    remember: (call: Call): Fault | undefined => (call.mutates ? undefined : keep(call)),
    previous(call: Call): Fault {
      const key = keyOf(call);
      return { kind: 'answered', answer: (fresh) => (answers.has(key) ? answers.get(key) : fresh) };
    },
  };
}
