/**
 * Plans for one scenario, from the calls of its undisturbed run. What cannot differ from that run, or from another plan,
 * is left out, and counted with the reason.
 */
import type { Finished } from '../kernel/calls.ts';
import { digest } from '../../../src/model/digest.ts';
import type { Plan, StrikeName } from './plan.ts';

/** A call as it is remembered: the answer by its hash. */
export interface Learned {
  readonly process: string;
  readonly index: number;
  readonly at: number;
  readonly service: Finished['service'];
  readonly operation: string;
  readonly mutates: boolean;
  /** Operation and input: equal ones ask for the same. */
  readonly request: string;
  readonly answer: string;
  /** Of a listing: how many items. */
  readonly items: number | undefined;
}

export interface Made {
  readonly plans: readonly Plan[];
  /** How many were left out, by reason. */
  readonly pruned: ReadonlyMap<string, number>;
}

export function learn(call: Finished): Learned {
  const { process, index, at, service, operation, mutates, input, answer } = call;
  const request = `${operation} ${JSON.stringify(input)}`;
  const text = JSON.stringify(answer) ?? '';
  return { process, index, at, service, operation, mutates, request, answer: digest(text, 16), items: itemsOf(answer) };
}

/** The one list in the answer of a listing. */
export const LISTINGS: Readonly<Record<string, string | undefined>> = {
  'ecs:ListTasks': 'taskArns',
  'elasticloadbalancing:DescribeTargetGroups': 'TargetGroups',
  'elasticloadbalancing:DescribeRules': 'Rules',
  'store:list': undefined,
};

function itemsOf(answer: unknown): number | undefined {
  if (Array.isArray(answer)) return answer.length;
  const lists = Object.values((answer ?? {}) as Record<string, unknown>).filter((value) => Array.isArray(value));
  return lists.length === 1 ? lists[0]?.length : undefined;
}

const CRASHES: readonly StrikeName[] = ['crash-before', 'crash-after', 'crash-before-handover', 'crash-after-handover'];
const LOSSES: readonly StrikeName[] = ['lost', 'answer-lost', 'doubled'];
const LATE: readonly StrikeName[] = ['late-5s', 'late-40s'];
const FREEZES: readonly StrikeName[] = ['frozen-in-flight', 'frozen-applied-late'];
const STALE: readonly (readonly [StrikeName, number])[] = [
  ['stale-5s', 5_000],
  ['stale-60s', 60_000],
  ['stale-5min', 300_000],
];

/** `calls` in their order; `restFrom`: when the undisturbed world had come to rest, in ms since the start. */
export function plansFor(scenario: string, seed: number, all: readonly Learned[], restFrom: number): Made {
  const calls = all.filter(({ at }) => at <= restFrom);
  const plans: Plan[] = [];
  const pruned = new Map<string, number>();
  const add = ({ process, index: call, operation }: Learned, ...strikes: readonly StrikeName[]): void => {
    for (const strike of strikes) plans.push({ scenario, seed, process, call, operation, strike });
  };
  const skip = (reason: string, count = 1): void => void pruned.set(reason, (pruned.get(reason) ?? 0) + count);

  skip('made when the world had come to rest', all.length - calls.length);
  for (const call of calls.filter(({ mutates }) => mutates)) strikeMutation(call, add, skip);
  for (const same of Map.groupBy(calls.filter(isRead), requestOf).values()) strikeReads(same, calls, add, skip);
  return { plans, pruned };
}

type Add = (call: Learned, ...strikes: readonly StrikeName[]) => void;
type Skip = (reason: string, count?: number) => void;

function strikeMutation(call: Learned, add: Add, skip: Skip): void {
  if (call.service === 'lease') return skip('renewals of the lease are struck by the random runs', 11);
  add(call, ...CRASHES, ...LOSSES);
  // A comment carries no token and no order: one that is applied long after stands until the next edit.
  if (call.service !== 'github') add(call, ...LATE);
  else skip('GitHub keeps no request for so long', LATE.length);
  if (call.service !== 'aws') return skip('only calls to AWS are throttled, or in flight for long', 4);
  add(call, 'throttled', ...FREEZES);
  if (call.operation === 'ecs:RunTask') add(call, 'disguised');
}

/** The table is read consistently, and a supervisor tells of itself: neither is ever stale. */
function isRead({ mutates, service }: Learned): boolean {
  return !mutates && (service === 'aws' || service === 'github' || service === 'store');
}

function requestOf({ process, request }: Learned): string {
  return `${process} ${request}`;
}

/** Reads of the same thing by one process, in their order. */
function strikeReads(reads: readonly Learned[], calls: readonly Learned[], add: Add, skip: Skip): void {
  reads.forEach((read, position) => {
    const before = reads[position - 1];
    const changed = before !== undefined && before.answer !== read.answer;
    if (read.service !== 'store') staleRead(read, reads.slice(position + 1), changed, add, skip);
    if (read.operation in LISTINGS) brokenListing(read, before, calls, add, skip);
  });
}

function staleRead(read: Learned, later: readonly Learned[], changed: boolean, add: Add, skip: Skip): void {
  if (changed) add(read, 'stale-once');
  else skip('the answer before was the same');
  const [next] = later;
  for (const [strike, ms] of STALE) {
    const differs = later.some(({ at, answer }) => at <= read.at + ms && answer !== read.answer);
    if (!differs) skip('nothing changes within the time');
    else if (next?.answer === read.answer) skip('begins later with the same view');
    else add(read, strike);
  }
}

/** One in which nothing is listed, and one after which nothing was done since the same listing, tell nothing new. */
function brokenListing(
  read: Learned,
  before: Learned | undefined,
  calls: readonly Learned[],
  add: Add,
  skip: Skip,
): void {
  if (!read.items) return skip('nothing is listed', 2);
  const acted = (one: Learned): boolean =>
    one.mutates && one.service !== 'lease' && one.at > (before?.at ?? 0) && one.at <= read.at;
  if (before?.answer === read.answer && !calls.some(acted)) return skip('nothing was done since the same listing', 2);
  add(read, 'page-fails', 'page-omits');
}
