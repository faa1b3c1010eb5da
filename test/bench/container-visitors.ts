/** Visitors that never stop asking while something is changed under them; every failed request is counted. */
import { join } from 'node:path';
import { startChild } from '../../src/local/demo/child.ts';
import { type LoadOrder, type LoadReport, VISITING } from './container-load-wire.ts';
import type { Stand } from './container-stand.ts';
import { become, HOST, PORT } from './container-visits.ts';

export const PER_SECOND = 200;
const ORDER = { port: PORT, host: HOST, perSecond: PER_SECOND, connections: 16, newEvery: 10, timeoutMs: 10_000 };

/** A process of its own, so that what it does is not slowed by the one that measures. */
export async function withVisitors<T>(
  stand: Stand,
  where: Pick<LoadOrder, 'address' | 'paths'>,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly visits: LoadReport }> {
  const order: LoadOrder = { ...ORDER, ...where };
  const visitors = startChild({
    name: 'the visitors',
    script: join(import.meta.dirname, 'container-load.ts'),
    args: [JSON.stringify(order)],
    logFile: join(stand.keep('visitors'), 'output'),
  });
  try {
    const visiting = async (): Promise<boolean> => visitors.tail().includes(VISITING);
    await become('visitors come', visiting, { signal: stand.signal, limitMs: ORDER.timeoutMs });
    const result = await work();
    process.kill(visitors.pid, 'SIGTERM');
    return { result, visits: (await visitors.ready) as unknown as LoadReport };
  } finally {
    await visitors.stop('SIGKILL');
  }
}
