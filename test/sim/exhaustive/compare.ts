/** A struck run beside the undisturbed one: as many things made and unmade, and the same end. */
import { canonical } from '../../../src/model/digest.ts';
import type { Violation } from '../oracles/oracle.ts';
import type { RunResult } from '../run.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { Effects } from '../world/effects.ts';
import type { Plan, StrikeName } from './plan.ts';

/**
 * A call that is applied long after its caller has given up may make something beside what its repetition made: then
 * one more is made, and unmade again. So may one whose caller looked at a world that was not so any more.
 */
const MAY_MAKE_MORE: ReadonlySet<StrikeName> = new Set<StrikeName>([
  'late-5s',
  'late-40s',
  'frozen-applied-late',
  'doubled',
]);

export interface Compared {
  readonly plan: Plan;
  readonly scenario: Pick<Scenario, 'hasty' | 'forgets'>;
}

export function compare(undisturbed: RunResult, struck: RunResult, { plan, scenario }: Compared): readonly Violation[] {
  const at = struck.virtualMs;
  const { strike, operation } = plan;
  const { hasty, forgets } = scenario;
  const late = MAY_MAKE_MORE.has(strike);
  const mayMakeMore = late || (forgets === true && strike.startsWith('stale-'));
  const counts = hasty ? [] : countDifferences(undisturbed.effects, struck.effects, mayMakeMore ? 'more' : 'same');
  // GitHub knows no tokens: a comment whose creation was doubled, done late, or not listed yet, is there twice.
  const twice = operation === 'github:findComment' || (late && operation === 'github:createComment');
  const differences = endDifferences(undisturbed.end, struck.end, '');
  const path = differences.filter((text) => !(twice && text.startsWith('comments')));
  return [
    ...counts.map((text): Violation => ({ oracle: 'counts', at, text })),
    ...path.slice(0, 3).map((text): Violation => ({ oracle: 'path', at, text })),
  ];
}

/** How many more may be made, as long as as many more are unmade. */
type Tolerance = 'same' | 'more';
const MOST: Readonly<Record<Tolerance, number>> = { same: 0, more: 2 };

function countDifferences(before: Effects, after: Effects, tolerance: Tolerance): readonly string[] {
  const things = new Set([...before.keys(), ...after.keys()].map((key) => key.replace(/ (?:un)?made$/, '')));
  return [...things].flatMap((thing) => {
    const more = (what: string): number => (after.get(`${thing} ${what}`) ?? 0) - (before.get(`${thing} ${what}`) ?? 0);
    const made = more('made');
    const unmade = more('unmade');
    const tolerated = made === unmade && made >= 0 && made <= MOST[tolerance];
    return tolerated ? [] : [`${thing}: made ${signed(made)}, unmade ${signed(unmade)}`];
  });
}

function signed(count: number): string {
  return count >= 0 ? `${count} more` : `${-count} fewer`;
}

/** Where the two differ, by path. */
function endDifferences(before: unknown, after: unknown, path: string): readonly string[] {
  if (canonical(before) === canonical(after)) return [];
  if (!isMap(before) || !isMap(after)) return [`${path}: ${shown(after)}, undisturbed ${shown(before)}`];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => endDifferences(before[key], after[key], path === '' ? key : `${path}.${key}`));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 200);
}
