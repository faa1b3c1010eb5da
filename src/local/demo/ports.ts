/** Ports of the demo: the fixed ones that people remember, or any free ones for a run beside another. */
import { createServer } from 'node:net';
import { once } from 'node:events';

export interface Ports {
  readonly aws: number;
  readonly github: number;
  readonly balancer: number;
  readonly webhooks: number;
  readonly frontDoor: number;
  readonly admin: number;
}

export const FIXED_PORTS: Ports = {
  aws: 4566,
  github: 3300,
  balancer: 8000,
  webhooks: 8080,
  frontDoor: 8081,
  admin: 9464,
};

const OPTIONS: Readonly<Record<keyof Ports, string>> = {
  aws: '--aws-port',
  github: '--github-port',
  balancer: '--balancer-port',
  webhooks: '--webhooks-port',
  frontDoor: '--front-door-port',
  admin: '--admin-port',
};

/**
 * Below every system's range for outgoing connections (Linux: 32768 and up): one of those could take a port between its
 * choice and its use.
 */
const FIRST_PORT = 10_000;
const BLOCKS = 2_000;
const BLOCK_SIZE = 10;
/** Blocks that one process may ask for before it reaches those of the process after it. */
const BLOCKS_A_PROCESS = 7;

let asked = 0;

/** Different free ports, which no other call in this process or in one that runs beside it is given. */
export async function freePorts(): Promise<Ports> {
  const names = Object.keys(FIXED_PORTS) as (keyof Ports)[];
  for (let tries = 0; tries < BLOCKS; tries += 1) {
    const block = (process.pid * BLOCKS_A_PROCESS + asked) % BLOCKS;
    asked += 1;
    const ports = names.map((_name, index) => FIRST_PORT + block * BLOCK_SIZE + index);
    if ((await takenOf(ports)).length > 0) continue;
    return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as unknown as Ports;
  }
  throw new Error(
    `no ${names.length} free ports in a row between ${FIRST_PORT} and ${FIRST_PORT + BLOCKS * BLOCK_SIZE}`,
  );
}

/** Those of the ports that something listens on. */
async function takenOf(ports: readonly number[]): Promise<readonly number[]> {
  const looked = await Promise.all(ports.map(async (port) => ({ port, free: await isFree(port) })));
  return looked.filter(({ free }) => !free).map(({ port }) => port);
}

/** Throws with every taken port named, and the option that changes it. */
export async function checkPorts(ports: Ports): Promise<void> {
  const taken = new Set(await takenOf(Object.values(ports)));
  const lines = Object.entries(ports)
    .filter(([, port]) => taken.has(port))
    .map(([name, port]) => `  ${port} (${OPTIONS[name as keyof Ports]} chooses another)`);
  if (lines.length > 0) throw new Error(`These ports on 127.0.0.1 are taken by other processes:\n${lines.join('\n')}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
