/** A control server with a log of its own, and an operator who signs what he asks. */
import { createHash, createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Grants, SyncOrder } from '../../../container/src/control/orders.ts';
import type { ControlHandlers } from '../../../container/src/control/routes.ts';
import { type ControlLimits, type ControlServer, startControlServer } from '../../../container/src/control/server.ts';
import { makeVerifier } from '../../../container/src/control/signature.ts';
import { type LogStore, makeLogStore } from '../../../container/src/log/store.ts';
import { type Claims, sign } from '../../../src/control/signing.ts';
import { address, ask, KEY, type Reply, SESSION, temporary, until } from '../stage.ts';

export const key = createPrivateKey(KEY);
export const SYNC = { branch: 'feature', commit: 'a'.repeat(40) };

export interface Stand {
  readonly ip: string;
  readonly server: ControlServer;
  readonly synced: { readonly order: SyncOrder; readonly grants: Grants }[];
  readonly logs: LogStore;
  /** The status has changed. */
  changed(): void;
  /** How many listen for changes. */
  listeners(): number;
}

export interface StandOptions {
  readonly limits?: Partial<ControlLimits>;
  readonly handlers?: Partial<ControlHandlers>;
  /** Bytes of the log that may wait for the disk. */
  readonly waiting?: number;
  readonly maxNonces?: number;
}

/** `GET /status` answers with the session and the number of changes. */
export async function stand({
  limits = {},
  handlers = {},
  waiting = 1_000_000,
  maxNonces = 1_000,
}: StandOptions = {}): Promise<Stand> {
  const ip = address();
  const synced: Stand['synced'] = [];
  const listeners = new Set<() => void>();
  const logs = makeLogStore({ dir: join(temporary(), 'logs'), limits: { waiting } });
  let changes = 0;
  const server = await startControlServer({
    address: ip,
    port: 8_080,
    verifier: makeVerifier(createPublicKey(key), SESSION, { maxNonces }),
    limits,
    handlers: {
      health: () => Promise.resolve({ status: 'ok' }),
      status: () => Promise.resolve({ session: SESSION, changes }),
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      version: () => undefined,
      logs,
      sync: (order, grants) => synced.push({ order, grants }),
      ...handlers,
    },
  });
  onTestFinished(async () => {
    await server.close();
    await logs.close();
  });
  return {
    ip,
    server,
    synced,
    logs,
    changed() {
      changes += 1;
      for (const listener of listeners) listener();
    },
    listeners: () => listeners.size,
  };
}

export interface Call {
  readonly method?: 'GET' | 'POST';
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly claims?: Partial<Claims>;
}

export function claimsOf({ method = 'GET', path = '/status', body = '', claims = {} }: Call): Claims {
  const bodySha256 = createHash('sha256').update(body).digest('hex');
  const iat = Math.floor(Date.now() / 1_000);
  return { session: SESSION, method, path, bodySha256, iat, exp: iat + 60, nonce: randomUUID(), ...claims };
}

export function call(ip: string, wanted: Call = {}, authorization = sign(claimsOf(wanted), key)): Promise<Reply> {
  const { method = 'GET', path = '/status', body, headers = {} } = wanted;
  const all = { ...headers, authorization };
  return ask({ ip, port: 8_080, method, path, headers: all, ...(body === undefined ? {} : { body }) });
}

export function post(ip: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  return call(ip, { method: 'POST', path: '/sync', body, headers });
}

/** `401 expired` */
export const codeOf = (reply: Reply): string =>
  `${reply.status} ${(JSON.parse(reply.body) as { error?: string }).error}`;
export const messageOf = (reply: Reply): string => (JSON.parse(reply.body) as { message: string }).message;

export interface Stream {
  readonly response: IncomingMessage;
  /** What came so far. */
  text(): string;
  /** Until what came is as wanted. */
  until(good: (text: string) => boolean): Promise<string>;
  /** Resolves when the server has ended it; `cut` when not in good order. */
  readonly ended: Promise<'end' | 'cut'>;
  leave(): void;
}

/** An answer that does not end by itself. */
export async function open(ip: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Stream> {
  const authorization = sign(claimsOf({ path }), key);
  const outgoing = request({ host: ip, port: 8_080, path, agent: false, headers: { ...headers, authorization } });
  onTestFinished(() => void outgoing.destroy());
  outgoing.end();
  const response = await responseOf(outgoing);
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const ended = new Promise<'end' | 'cut'>((resolve) => {
    response.on('end', () => resolve('end'));
    response.on('error', () => resolve('cut'));
  });
  return {
    response,
    text: () => text,
    until: (good) => until(() => text, good),
    ended,
    leave: () => void outgoing.destroy(),
  };
}

function responseOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', resolve);
  });
}
