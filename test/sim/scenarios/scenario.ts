/** A story without faults: what people and the world do, and when. The exhaustive plans strike every call of it. */
import type { World, WorldOptions } from '../world/world.ts';

export interface Act {
  /** Virtual ms since the start. */
  readonly at: number;
  readonly who: string;
  /** In the words of the story. */
  readonly text: string;
  readonly act: (world: World) => void | Promise<void>;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** Replicas that are up from the start, the first a little before the second. */
  readonly replicas: readonly string[];
  readonly options?: Partial<WorldOptions>;
  /** Before any replica starts. */
  readonly before?: (world: World) => void | Promise<void>;
  readonly acts: readonly Act[];
  /**
   * Wishes change while earlier ones are under way: how much is made and unmade on the way depends on how far that is, so
   * only what is left in the end is compared.
   */
  readonly hasty?: boolean;
  /** A record goes, and with it the memory of what was made: what a stale listing hides may be made once more. */
  readonly forgets?: boolean;
  /** What people wrote and must hold in the end, in words when it does not. */
  readonly check?: (world: World) => readonly string[] | Promise<readonly string[]>;
  /** Within which the world must match after the last act; 20 min unless said. */
  readonly settleMs?: number;
}

export const SECOND = 1_000;
export const MINUTE = 60_000;

/** `at` in seconds. */
export function act(at: number, who: string, text: string, fn: Act['act']): Act {
  return { at: at * SECOND, who, text, act: fn };
}
