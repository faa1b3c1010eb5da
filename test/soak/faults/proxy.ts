/**
 * Stands between the operators and the local AWS, and does what networks and AWS do: answers get lost, come late, or are
 * throttles. The harness's own clients do not go through it.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Random } from '../../sim/kernel/random.ts';
import { type Called, calledOf, throttleOf } from './throttles.ts';

export interface FaultRates {
  /** Forwarded, and the socket destroyed instead of an answer. */
  readonly lost: number;
  /** Not forwarded: refused for its rate. DynamoDB's reads and writes too. */
  readonly throttled: number;
  /** Held back before it is forwarded. */
  readonly delayed: number;
  /** Forwarded only after the caller has given up. */
  readonly late: number;
}

export const SOME_FAULTS: FaultRates = { lost: 0.05, throttled: 0.03, delayed: 0.05, late: 0.003 };

const DELAY_MS = [50, 1_500] as const;
/** Longer than the operator waits for any call. */
const LATE_MS = 12_000;

export interface FaultProxy {
  readonly url: string;
  /** Undefined: nothing is done to any call. */
  setRates(rates: FaultRates | undefined): void;
  /** DynamoDB cannot be reached at all. */
  setStoreDown(isDown: boolean): void;
  readonly counts: Readonly<Record<'calls' | keyof FaultRates | 'refused' | 'unreachable', number>>;
  close(): Promise<void>;
}

export async function startFaultProxy(port: number, awsPort: number, random: Random): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const counts = { calls: 0, lost: 0, throttled: 0, delayed: 0, late: 0, refused: 0, unreachable: 0 };
  const timers = new Set<NodeJS.Timeout>();
  let rates: FaultRates | undefined;
  let isStoreDown = false;

  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        resolve();
      }, ms);
      timers.add(timer);
    });

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    counts.calls += 1;
    const body = await bodyOf(incoming);
    const called = calledOf(incoming.headers, body);
    if (isStoreDown && called.service === 'dynamodb') {
      counts.refused += 1;
      return void incoming.socket.destroy();
    }
    const fate = fateOf(rates, random);
    if (fate) counts[fate] += 1;
    if (fate === 'throttled') return throttle(response, called);
    if (fate === 'delayed') await sleep(random.int(...DELAY_MS));
    if (fate === 'late') await sleep(LATE_MS);
    const answer = await forward({ agent, awsPort }, incoming, body).catch(() => undefined);
    if (!answer) counts.unreachable += 1;
    if (!answer || fate === 'lost') return void incoming.socket.destroy();
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  };

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 75_000;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setRates: (next) => (rates = next),
    setStoreDown(isDown) {
      isStoreDown = isDown;
    },
    counts,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
}

/** One draw a call, whatever the rates are, so that the stream of draws depends on the calls alone. */
function fateOf(rates: FaultRates | undefined, random: Random): keyof FaultRates | undefined {
  let draw = random();
  if (!rates) return undefined;
  for (const fate of ['lost', 'throttled', 'delayed', 'late'] as const) {
    if (draw < rates[fate]) return fate;
    draw -= rates[fate];
  }
  return undefined;
}

function throttle(response: ServerResponse, called: Called): void {
  const { status, type, body } = throttleOf(called);
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

interface Upstream {
  readonly agent: Agent;
  readonly awsPort: number;
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

async function forward({ agent, awsPort }: Upstream, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const { method, url, headers } = incoming;
  const outgoing = request({ host: '127.0.0.1', port: awsPort, method, path: url, headers, agent });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const { connection: _own, 'keep-alive': _too, ...rest } = answer.headers;
  return { status: answer.statusCode ?? 502, headers: rest, body: await bodyOf(answer) };
}

export async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
