/** DynamoDB in this process on loopback. The package has no types, and needs none for the little that is used. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

type MakeDynalite = (options: { createTableMs?: number; deleteTableMs?: number }) => Server;

export interface Dynalite {
  readonly endpoint: string;
  close(): Promise<void>;
}

export async function startDynalite(createTableMs = 0): Promise<Dynalite> {
  const makeDynalite = createRequire(import.meta.url)('dynalite') as MakeDynalite;
  const server = makeDynalite({ createTableMs, deleteTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve()))),
  };
}
