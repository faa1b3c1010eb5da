/** What happened in a run: every call and every line of the story, in order. Kept only as far as somebody asks for it. */
import type { Journal } from './actor.ts';
import type { Call, Finished } from './calls.ts';
import type { SimTime } from './time.ts';

export interface Line {
  /** Virtual ms since the start. */
  readonly at: number;
  readonly actor: string;
  readonly text: string;
}

export interface Listener {
  readonly begun?: (call: Call) => void;
  readonly finished?: (call: Finished) => void;
  readonly line?: (line: Line) => void;
}

export interface SimJournal extends Journal {
  /** People, the world and the replicas tell their story. */
  tell(actor: string, text: string): void;
  listen(listener: Listener): void;
  /** Calls so far. */
  calls(): number;
}

export function makeJournal(time: SimTime): SimJournal {
  const listeners: Listener[] = [];
  let calls = 0;
  return {
    calls: () => calls,
    begun(call) {
      calls += 1;
      for (const { begun } of listeners) begun?.(call);
    },
    finished(call) {
      for (const { finished } of listeners) finished?.(call);
    },
    tell(actor, text) {
      const line = { at: time.monotonic(), actor, text };
      for (const listener of listeners) listener.line?.(line);
    },
    listen: (listener) => void listeners.push(listener),
  };
}
