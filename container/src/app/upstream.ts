/** One running process as the proxy sees it: where it listens, kept-alive connections to it, and what is in flight. */
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** A request or WebSocket that is in flight; destroying it ends it at once. */
export interface Open {
  destroy(): unknown;
}

export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly agent: Agent;
  /** Its own pages are refused to browsers that name another origin than localhost (`next dev`). */
  readonly localOriginOnly: boolean;
  /** Answers that are under way. */
  readonly requests: Set<Open>;
  readonly webSockets: Set<Open>;
  /** Resolves when no request is in flight any more, or after `ms`. */
  finish(ms: number): Promise<void>;
  /** Resolves when nothing at all is in flight any more; what still is after `ms` is ended, as are kept connections. */
  close(ms: number): Promise<void>;
}

/** Below the 5 s after which Node's own servers close an idle connection, so that none is used as it is being closed. */
const IDLE_MS = 3_000;
const FINISH_POLL_MS = 20;

export function makeUpstream(host: string, port: number, localOriginOnly = false): Upstream {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS, scheduling: 'lifo' });
  const requests = new Set<Open>();
  const webSockets = new Set<Open>();
  return {
    host,
    port,
    agent,
    localOriginOnly,
    requests,
    webSockets,
    finish: (ms) => until(() => requests.size === 0, ms),
    async close(ms) {
      await until(() => requests.size + webSockets.size === 0, ms);
      for (const open of [...requests, ...webSockets]) open.destroy();
      agent.destroy();
    },
  };
}

async function until(done: () => boolean, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  while (!done() && performance.now() < deadline) await delay(FINISH_POLL_MS);
}
