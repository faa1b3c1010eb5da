/**
 * A process that sends webhooks as fast as they are answered, over some kept-alive connections, one at a time on each.
 * Plain sockets, since an HTTP client costs as much as the server that is measured.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { summarise } from './statistics.ts';
import { makePayloads } from './webhook-payload.ts';
import type { LoadOrder, LoadReport } from './webhook-wire.ts';

const order = JSON.parse(process.argv[2] ?? '{}') as LoadOrder;
const payloads = makePayloads();
const statuses: Record<string, number> = {};
const took: number[] = [];
const begun = performance.now();
const counted = begun + order.warmUpSeconds * 1_000;
const end = counted + order.seconds * 1_000;
let sent = 0;

await Promise.all(Array.from({ length: order.connections }, (_, index) => converse(index)));

const { median: p50, p99 } = summarise(took);
const report: LoadReport = {
  answered: took.length,
  seconds: order.seconds,
  p50,
  p99,
  sent,
  statuses,
  bodyBytes: payloads.request(1, 1).length,
};
process.send?.(report, () => process.exit(0));

/** The pull requests of a connection are its own, so that their steps are answered in their order. */
async function converse(index: number): Promise<void> {
  const socket = connect(order.port, '127.0.0.1');
  socket.setNoDelay(true);
  await once(socket, 'connect');
  for (let turn = 0; performance.now() < end; turn += 1) {
    const pull = 1 + index * order.pullsEach + (turn % order.pullsEach);
    const bytes = payloads.request(pull, Math.floor(turn / order.pullsEach));
    const asked = performance.now();
    socket.write(bytes);
    sent += 1;
    const status = await answerOf(socket);
    const now = performance.now();
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (asked >= counted && now <= end) took.push(now - asked);
  }
  socket.destroy();
}

/** The status of one answer, read to its end; the servers here all tell its length. */
async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
    const head = text.indexOf('\r\n\r\n');
    if (head < 0) continue;
    const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1]);
    if (text.length >= head + 4 + length) return text.slice('HTTP/1.1 '.length, 'HTTP/1.1 '.length + 3);
  }
}
