/** What an oracle is: it looks at the true world, never at what a replica believes, and says what must not be. */
import type { Call, Finished } from '../kernel/calls.ts';
import type { World } from '../world/world.ts';

export interface Violation {
  readonly oracle: OracleName;
  /** Virtual ms since the start. */
  readonly at: number;
  readonly text: string;
}

export const ORACLES = {
  misrouted: 'No request for host A is answered by environment B.',
  'foreign-rule': "A rule's host leads to its own environment or the front door.",
  'dead-end': 'A host does not lead to an address that does not answer for longer than a moment.',
  unhealthy: 'No request goes to an unhealthy target while a healthy one, or the front door, is there.',
  outage: 'What serves goes on serving while it is updated, replaced, or its operator dies.',
  'cut-off': 'No task is stopped while requests may be on their way to it.',
  'two-routed': 'At most one task of an environment is routed for longer than a replacement takes.',
  'extra-task': 'A task too many is stopped within a bound.',
  foreign: 'Nothing that is not owned is touched.',
  throttled: 'No call is faster than AWS allows.',
  'token-reused': 'A client token is never sent with another request.',
  'not-leading': 'Only the holder of the lease changes anything.',
  paused: 'What a person paused is not changed.',
  guarded: 'No more is collected at once than the guard allows.',
  unsettled: 'Once faults stop, the world matches what is desired within a bound.',
  restless: 'A world that matches is left alone: no change in further passes.',
  counts: 'As many things are made and unmade as without the fault.',
  path: 'Any path to a desired state ends as a fresh start at it does.',
  leftover: 'After nobody wants an environment, a fresh listing finds nothing.',
  'lost-intent': 'Every webhook that was accepted, or a newer one, is in the table.',
  'lost-edit': "A person's edit holds until its own field changes on GitHub's side.",
  untrue: 'Conditions and comments tell what is.',
  dead: 'No part of a replica dies, and nothing fails unseen.',
} as const;

export type OracleName = keyof typeof ORACLES;

export type Report = (oracle: OracleName, text: string) => void;

export interface Watching {
  /** After everything that happened, once it has had its consequences. */
  readonly moment?: () => void;
  readonly begun?: (call: Call) => void;
  readonly finished?: (call: Finished) => void;
}

export type Oracle = (world: World, report: Report) => Watching;

/** Reports what is so for longer than `boundMs` without a break, once each time. */
export function makeLasting(world: World, report: Report) {
  const since = new Map<string, number>();
  const told = new Set<string>();
  const { blindMs = 0 } = world.options;
  return {
    /** `keys`: what is so now, each with its words. */
    now(oracle: OracleName, seenWithinMs: number, keys: ReadonlyMap<string, string>): void {
      const boundMs = seenWithinMs + blindMs;
      const at = world.time.monotonic();
      for (const key of since.keys()) {
        if (!key.startsWith(`${oracle} `) || keys.has(key.slice(oracle.length + 1))) continue;
        since.delete(key);
        told.delete(key);
      }
      for (const [name, text] of keys) {
        const key = `${oracle} ${name}`;
        const begun = since.get(key) ?? at;
        since.set(key, begun);
        if (at - begun <= boundMs || told.has(key)) continue;
        told.add(key);
        report(oracle, `${text}, for more than ${Math.round(boundMs / 1_000)} s`);
      }
    },
  };
}
