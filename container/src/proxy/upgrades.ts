/** Passes WebSockets on to the app. The bytes are httpxy's work. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ProxyServer } from 'httpxy';
import type { Upstream } from '../app/upstream.ts';
import { asBytes, brokenOff } from './answers.ts';
import { localOrigin } from './headers.ts';
import type { Traffic } from './traffic.ts';

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What the client has sent already. */
  readonly head: Buffer;
  readonly path: string;
}

export type Upgrades = (upgrade: Upgrade, upstream: Upstream) => void;

export function makeUpgrades(options: { readonly publicHost: string; readonly traffic: Traffic }): Upgrades {
  const { publicHost, traffic } = options;
  const proxy = new ProxyServer();
  /** Sockets on which an answer has begun. */
  const begun = new WeakSet<Duplex>();
  proxy.on('proxyReqWs', follow);
  proxy.on('error', (error, _request, socket) => {
    if (socket && !('setHeader' in socket)) refuse(socket, error);
  });

  function follow(outgoing: ClientRequest, _request: IncomingMessage, socket: Duplex): void {
    const answered = (status = 502): void => {
      traffic.upgradeAnswered(status);
      begun.add(socket);
    };
    outgoing.once('response', (answer) => answered(answer.statusCode));
    outgoing.once('upgrade', (_answer, upstream: Duplex) => {
      answered(101);
      // A side that breaks off without a goodbye takes the other along; pipes alone would leave it open.
      socket.once('close', () => upstream.destroy());
      upstream.once('close', () => socket.end());
    });
  }

  function refuse(socket: Duplex, error: Error): void {
    if (begun.has(socket) || !socket.writable) {
      socket.destroy();
      return;
    }
    begun.add(socket);
    const answer = brokenOff(error);
    traffic.upgradeAnswered(answer.status);
    socket.end(asBytes(answer));
  }

  return ({ request, socket, head, path }, upstream) => {
    upstream.webSockets.add(socket);
    socket.once('close', () => upstream.webSockets.delete(socket));
    const { host, port } = upstream;
    const headers = localOrigin(request.headers, path, upstream, publicHost);
    // A WebSocket takes its connection along, so it gets one outside the pool.
    const target = { target: { host, port }, agent: false, ...(headers ? { headers } : {}) };
    proxy.ws(request, socket, target, head).catch(() => socket.destroy());
  };
}
