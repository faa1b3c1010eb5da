/** Starts a server, and tells a person what to do when its address cannot be had. */
import type { FastifyInstance } from 'fastify';
import type { Address } from '../model/config.ts';

/** The message names the address, the cause and the setting to change. */
export class ListenError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'ListenError';
  }
}

/**
 * Returns the address really bound: port 0 takes any free one. `setting` is where the address is configured, e.g.
 * `http.webhooks` (in mayfly.yaml).
 */
export async function listen(
  app: Pick<FastifyInstance, 'listen' | 'addresses'>,
  address: Address,
  setting: string,
): Promise<Address> {
  try {
    await app.listen({ host: address.host, port: address.port });
  } catch (error) {
    throw toListenError(error, address, setting);
  }
  const bound = app.addresses()[0];
  return { host: address.host, port: typeof bound === 'object' ? bound.port : address.port };
}

/** The same words for servers that are not fastify's. Errors of another kind are returned as they are. */
export function toListenError(error: unknown, { host, port }: Address, setting: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new ListenError(
        `port ${port} on ${host} is taken: stop the other process or change ${setting}.port in mayfly.yaml`,
        error,
      );
    case 'EACCES':
      return new ListenError(
        `port ${port} on ${host} is not permitted to this user: change ${setting}.port in mayfly.yaml to 1024 or above`,
        error,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ListenError(`${host} is no address of this machine: change ${setting}.host in mayfly.yaml`, error);
    default:
      return error;
  }
}
