/**
 * What stands between GitHub and the replicas: it passes each delivery to one of them in turn, as a load balancer does,
 * to the other one when that does not answer; and now and then it sends one twice, or late. What nobody took is sent
 * again later if it is the first that a replica may hear of a pull request, as a redelivery by hand; the rest is lost for
 * good, and left to the operator's own re-reads.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { Random } from '../../sim/kernel/random.ts';
import { bodyOf } from './proxy.ts';

const ANSWER_MS = 4_000;
const REDELIVER_MS = 2_000;
const LATE_MS = [200, 4_000] as const;
/** Pull requests that no record names as open are not re-read. */
const NEEDED = new Set(['labeled', 'reopened']);

interface Delivery {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  readonly action: string;
}

export interface Hooks {
  /** Whether deliveries are doubled and delayed. */
  setUnruly(isUnruly: boolean): void;
  readonly counts: Readonly<Record<'passed' | 'doubled' | 'delayed' | 'redelivered' | 'lost', number>>;
  /** Deliveries that still have to arrive. */
  waiting(): number;
  close(): Promise<void>;
}

export async function startHooks(port: number, targets: readonly string[], random: Random): Promise<Hooks> {
  const counts = { passed: 0, doubled: 0, delayed: 0, redelivered: 0, lost: 0 };
  const timers = new Set<NodeJS.Timeout>();
  let isUnruly = false;
  let turn = 0;

  const later = (ms: number, work: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timers.add(timer);
  };

  /** The status of the first replica that takes it; undefined when none does. */
  const pass = async (delivery: Delivery): Promise<number | undefined> => {
    turn += 1;
    for (const offset of targets.keys()) {
      const status = await post(targets[(turn + offset) % targets.length] ?? '', delivery);
      if (status !== undefined && status < 500) return status;
    }
    return undefined;
  };

  const redeliver = (delivery: Delivery): void =>
    later(REDELIVER_MS, () => {
      void pass(delivery).then((status) => {
        if (status === undefined) return redeliver(delivery);
        counts.redelivered += 1;
      });
    });

  const deliver = async (delivery: Delivery): Promise<number> => {
    const status = await pass(delivery);
    if (status !== undefined) {
      counts.passed += 1;
      return status;
    }
    if (NEEDED.has(delivery.action)) redeliver(delivery);
    else counts.lost += 1;
    return 502;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const delivery = deliveryOf(request.headers, await bodyOf(request));
    const [double, delay, ms] = [random.chance(0.05), random.chance(0.05), random.int(...LATE_MS)];
    if (isUnruly && double) {
      counts.doubled += 1;
      later(ms, () => void pass(delivery));
    }
    if (isUnruly && delay) {
      counts.delayed += 1;
      later(ms, () => void deliver(delivery));
      return void response.writeHead(202).end();
    }
    response.writeHead(await deliver(delivery)).end();
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    setUnruly: (next) => (isUnruly = next),
    counts,
    waiting: () => timers.size,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      server.close();
      server.closeAllConnections();
    },
  };
}

function deliveryOf(headers: IncomingHttpHeaders, body: Buffer): Delivery {
  const kept = Object.entries(headers).filter(([name]) => name.startsWith('x-') || name === 'content-type');
  const { action } = JSON.parse(body.toString()) as { action?: string };
  return {
    headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
    body,
    action: action ?? '',
  };
}

async function post(url: string, { headers, body }: Delivery): Promise<number | undefined> {
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(ANSWER_MS) });
    await response.body?.cancel();
    return response.status;
  } catch {
    return undefined;
  }
}
