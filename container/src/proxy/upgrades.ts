/** Passes WebSockets on to the app. */
import { type IncomingMessage, request as ask } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Upstream } from '../app/upstream.ts';
import { asBytes, brokenOff } from './answers.ts';
import { answerHead, type Asked, requestHead } from './headers.ts';
import type { Traffic } from './traffic.ts';

export interface Upgrade extends Asked {
  readonly socket: Socket;
  /** What the client has sent already. */
  readonly head: Buffer;
}

export type Upgrades = (upgrade: Upgrade, upstream: Upstream) => void;

/** A client that does not answer a goodbye is cut after so long. */
const GOODBYE_MS = 5_000;

export function makeUpgrades(options: { readonly robots: () => boolean; readonly traffic: Traffic }): Upgrades {
  const { robots, traffic } = options;

  function attempt(upgrade: Upgrade, upstream: Upstream): void {
    const { request, socket, head } = upgrade;
    const outgoing = ask({
      host: upstream.host,
      port: upstream.port,
      // It takes its connection along, so it gets one outside the pool.
      agent: false,
      path: request.url,
      headers: { ...requestHead(upgrade, upstream), connection: 'Upgrade', upgrade: request.headers.upgrade },
    });
    let answered = false;
    const answer = (status: number): void => {
      answered = true;
      traffic.upgradeAnswered(status);
    };
    socket.once('close', () => outgoing.destroy());
    outgoing.once('upgrade', (response, far, first) => {
      answer(101);
      socket.write(headBytes(response, response.rawHeaders), 'latin1');
      far.unshift(first);
      socket.unshift(head);
      join(socket, far);
    });
    outgoing.once('response', (response) => {
      answer(response.statusCode ?? 502);
      refuse(response, socket, robots());
    });
    outgoing.on('error', (error) => {
      if (answered || !socket.writable) return void socket.destroy();
      const own = brokenOff(error);
      answer(own.status);
      socket.end(asBytes(own));
    });
    outgoing.end();
  }

  return (upgrade, upstream) => {
    const { socket } = upgrade;
    upstream.webSockets.add(socket);
    socket.once('close', () => upstream.webSockets.delete(socket));
    attempt(upgrade, upstream);
  };
}

/** A side that breaks off without a goodbye takes the other along; pipes alone would leave it open. */
function join(socket: Socket, far: Duplex): void {
  for (const side of [socket, far]) {
    side.on('error', () => side.destroy());
    if (side instanceof Socket) side.setTimeout(0).setNoDelay(true).setKeepAlive(true);
  }
  far.pipe(socket).pipe(far);
  socket.once('close', () => far.destroy());
  far.once('close', () => {
    socket.end();
    socket.setTimeout(GOODBYE_MS, () => socket.destroy());
  });
}

/** The app's own answer to an upgrade that it does not want. Its end is the end of the connection. */
function refuse(response: IncomingMessage, socket: Socket, robots: boolean): void {
  socket.write(headBytes(response, [...answerHead(response, robots), 'Connection', 'close']), 'latin1');
  response.on('error', () => socket.destroy());
  response.pipe(socket);
}

function headBytes({ statusCode, statusMessage }: IncomingMessage, head: readonly string[]): string {
  let text = `HTTP/1.1 ${statusCode ?? 502} ${statusMessage ?? ''}\r\n`;
  for (let i = 0; i + 1 < head.length; i += 2) text += `${head[i]}: ${head[i + 1]}\r\n`;
  return `${text}\r\n`;
}
