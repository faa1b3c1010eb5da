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

/** Different free ports; they are held together while they are chosen, so that none is chosen twice. */
export async function freePorts(): Promise<Ports> {
  const names = Object.keys(FIXED_PORTS) as (keyof Ports)[];
  const held = await Promise.all(names.map(() => hold(0)));
  const ports = held.map((server) => (server.address() as { port: number }).port);
  await Promise.all(held.map(release));
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as unknown as Ports;
}

/** Throws with every taken port named, and the option that changes it. */
export async function checkPorts(ports: Ports): Promise<void> {
  const taken: string[] = [];
  for (const [name, port] of Object.entries(ports)) {
    try {
      await release(await hold(port));
    } catch {
      taken.push(`  ${port} (${OPTIONS[name as keyof Ports]} chooses another)`);
    }
  }
  if (taken.length > 0) throw new Error(`These ports on 127.0.0.1 are taken by other processes:\n${taken.join('\n')}`);
}

async function hold(port: number) {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function release(server: ReturnType<typeof createServer>): Promise<void> {
  server.close();
  await once(server, 'close');
}
