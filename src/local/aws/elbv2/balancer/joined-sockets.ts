/** The two connections of each open WebSocket: what ends one ends the other. */
import type { Socket } from 'node:net';

export interface JoinedSockets {
  join(client: Socket, upstream: Socket): void;
  /** Ends all. */
  stop(): void;
}

/** Silence of `idleTimeoutMs` ends both, as ALB's idle timeout does. */
export function makeJoinedSockets(idleTimeoutMs: number): JoinedSockets {
  const upstreams = new Set<Socket>();
  return {
    join(client, upstream) {
      upstreams.add(upstream);
      const end = (): void => {
        client.destroy();
        upstream.destroy();
      };
      client.once('close', end);
      upstream.once('close', () => {
        upstreams.delete(upstream);
        client.end();
      });
      // httpxy takes time limits off both sockets in this very turn.
      setImmediate(() => upstream.setTimeout(idleTimeoutMs, end));
    },
    stop() {
      for (const upstream of upstreams) upstream.destroy();
    },
  };
}
