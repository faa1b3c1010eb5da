/**
 * A visitor process: so many requests a second until SIGTERM, most over kept-alive connections, some on new ones. What
 * it saw goes to its parent when all have an answer.
 */
import { Agent, type IncomingMessage, request } from 'node:http';
import { type LoadOrder, type LoadReport, VISITING } from './container-load-wire.ts';

const order = JSON.parse(process.argv[2] ?? '{}') as LoadOrder;
const agent = new Agent({ keepAlive: true, maxSockets: order.connections });
const failures: string[] = [];
const took: number[] = [];
const under = new Set<Promise<void>>();
let sent = 0;
let failed = 0;

const begun = performance.now();
const ticking = setInterval(catchUp, 5);
process.once('SIGTERM', () => void end());

/** As many as are due by now: a late timer makes no fewer requests. */
function catchUp(): void {
  const due = Math.floor(((performance.now() - begun) / 1_000) * order.perSecond);
  while (sent < due) {
    sent += 1;
    const one = visit(sent).finally(() => under.delete(one));
    under.add(one);
  }
}

async function end(): Promise<void> {
  clearInterval(ticking);
  const seconds = (performance.now() - begun) / 1_000;
  await Promise.all(under);
  const report: LoadReport = { sent, failed, failures: failures.slice(0, 5), seconds, took };
  process.send?.(report, () => process.exit(0));
}

async function visit(count: number): Promise<void> {
  const asked = performance.now();
  const path = order.paths[count % order.paths.length] ?? '/';
  try {
    const { status, whole } = await answerOf(path, count % order.newEvery === 0);
    if (took.push(performance.now() - asked) === 1) process.stdout.write(`${VISITING}\n`);
    if (status >= 500) fail(`${path} answered ${status}`);
    else if (!whole) fail(`the answer to ${path} broke off`);
  } catch (error) {
    fail(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fail(what: string): void {
  failed += 1;
  failures.push(`after ${((performance.now() - begun) / 1_000).toFixed(2)} s ${what}`);
}

function answerOf(path: string, alone: boolean): Promise<{ readonly status: number; readonly whole: boolean }> {
  return new Promise((resolve, reject) => {
    const { address, port, host } = order;
    const headers = { host: `${host}:${port}` };
    const call = request({
      host: address,
      port,
      path,
      headers,
      agent: alone ? false : agent,
      timeout: order.timeoutMs,
    });
    call.on('timeout', () => call.destroy(new Error(`no answer in ${order.timeoutMs} ms`)));
    call.on('error', reject);
    call.on('response', (response: IncomingMessage) => {
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, whole: response.complete }));
      response.resume();
    });
    call.end();
  });
}
