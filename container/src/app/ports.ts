/** Private ports for the processes of an app. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below every system's range for outgoing connections (Linux: 32768 and up): one of those, of which the proxy alone
 * makes many, could take a port between its choice and its use.
 */
const FIRST = 20_000;
const COUNT = 10_000;
const TRIES = 200;
/** So many choices pass before a port is chosen again: the app that is to use it may not listen yet. */
const REMEMBERED = 500;

const chosen = new Set<number>();

/** Different ports, free a moment ago at every address of the machine. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count && tries < TRIES * count; tries += 1) {
    const port = FIRST + randomInt(COUNT);
    if (!chosen.has(port) && (await isFree(port))) ports.push(take(port));
  }
  if (ports.length < count) throw new Error(`no free port between ${FIRST} and ${FIRST + COUNT}`);
  return ports;
}

function take(port: number): number {
  chosen.add(port);
  const [oldest] = chosen;
  if (chosen.size > REMEMBERED && oldest !== undefined) chosen.delete(oldest);
  return port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
