/** Kept-alive connections to targets, one agent for each, so that a target's connections can be given up together. */
import { Agent } from 'node:http';

export interface UpstreamPool {
  /** `url` is the target's, e.g. `http://127.0.0.2:3001`. */
  agentOf(url: string): Agent;
  /** Closes the connections to the target, each as soon as it is idle. */
  forget(url: string): void;
  /** Ends every connection. */
  stop(): void;
}

export function makeUpstreamPool(idleTimeoutMs: number): UpstreamPool {
  const agents = new Map<string, Agent>();
  return {
    agentOf(url) {
      const known = agents.get(url);
      if (known !== undefined) return known;
      const agent = new Agent({ keepAlive: true, maxFreeSockets: 256, scheduling: 'lifo', timeout: idleTimeoutMs });
      agents.set(url, agent);
      return agent;
    },
    forget(url) {
      const agent = agents.get(url);
      if (agent === undefined) return;
      agents.delete(url);
      // What is busy now finds no place among the idle ones when it is done.
      agent.maxFreeSockets = 0;
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    },
    stop() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}
