/** What a mutant is: the operator with one thing broken on purpose, and the run in which an oracle must notice it. */
import type { StrikeName } from '../exhaustive/plan.ts';
import type { OracleName } from '../oracles/oracle.ts';

export interface Change {
  /** From the root of the project, e.g. `src/plan/teardown.ts`. */
  readonly file: string;
  /** Found exactly once in the file, else the mutant is stale. */
  readonly from: string;
  /** What stands there instead. Of the same shape, since nothing but the types that are stripped is checked. */
  readonly to: string;
}

export interface Mutant extends Change {
  readonly name: string;
  /** The breakage, in one line for people. */
  readonly what: string;
  /** Where the operator is careful twice. */
  readonly also?: readonly Change[];
  /** Must be among the oracles that fire. */
  readonly caughtBy: OracleName;
  readonly how: How;
}

/** The run: a scenario, its own or one of the exhaustive plans', undisturbed or with one call struck. */
export interface How {
  readonly scenario: string;
  /** 1 when absent. */
  readonly seed?: number;
  readonly strike?: StrikeAt;
  /** Another scenario that comes to the same, undisturbed: as much must be made and unmade, and left. */
  readonly beside?: string;
}

/** The `nth` call (from 1) of this operation in the undisturbed run. */
export interface StrikeAt {
  readonly operation: string;
  readonly nth: number;
  readonly strike: StrikeName;
  /** Nothing more may be made than without it, although such a strike is often allowed one thing more. */
  readonly exact?: true;
}

export function changesOf({ file, from, to, also = [] }: Mutant): readonly Change[] {
  return [{ file, from, to }, ...also];
}

/** `relabel, seed 1`; equal ones are the same run. */
export function howText({ scenario, seed = 1, strike, beside }: How): string {
  const struck = strike ? `, call ${strike.nth} of ${strike.operation} ${strike.strike}` : '';
  return `${scenario}, seed ${seed}${struck}${strike?.exact ? ' exactly' : ''}${beside ? ` beside ${beside}` : ''}`;
}
