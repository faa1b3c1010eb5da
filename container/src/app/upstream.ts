/** One running app as the proxy sees it: where it listens, kept-alive connections to it, and what is in flight. */
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly agent: Agent;
  readonly inFlight: number;
  /** Counts something in flight; `cut` ends it when time is up. Call the result when it is over. */
  track(cut: () => void): () => void;
  /** Resolves when nothing is in flight, or after `ms`, when what is left is cut. */
  drain(ms: number): Promise<void>;
}

/** Below the 5 s after which Node's own servers close an idle connection, so that none is used as it is being closed. */
const IDLE_MS = 3_000;
const DRAIN_POLL_MS = 20;

export function makeUpstream(host: string, port: number): Upstream {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS, scheduling: 'lifo' });
  const cuts = new Set<() => void>();
  return {
    host,
    port,
    agent,
    get inFlight() {
      return cuts.size;
    },
    track(cut) {
      const entry = (): void => cut();
      cuts.add(entry);
      return () => {
        cuts.delete(entry);
      };
    },
    async drain(ms) {
      const deadline = performance.now() + ms;
      while (cuts.size > 0 && performance.now() < deadline) await delay(DRAIN_POLL_MS);
      for (const cut of cuts) cut();
      agent.destroy();
    },
  };
}
