/** Where other replicas reach this one: what is configured, or an address of this machine. */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import type { Address, Config } from '../model/config.ts';

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

const LOOPBACK = /^(?:localhost|127\..*|::1)$/;
const EVERY = new Set(['0.0.0.0', '::']);
/** ECS gives its tasks such addresses for its own needs; no other machine can reach them. */
const LINK_LOCAL = /^(?:169\.254\.|fe80:)/i;

/**
 * Base URL of the admin server that is bound to `bound`, for the lease. Undefined when nobody else can reach it: then
 * the leader hears of webhooks that others received by its next look at the table.
 */
export function advertisedUrl(
  { advertise }: Pick<Config['http'], 'advertise'>,
  bound: Address,
  interfaces: Interfaces = networkInterfaces(),
): string | undefined {
  if (advertise !== undefined) return advertise;
  if (LOOPBACK.test(bound.host)) return undefined;
  const host = EVERY.has(bound.host) ? ownAddress(interfaces) : bound.host;
  if (host === undefined) return undefined;
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
}

/** IPv4 before IPv6. */
function ownAddress(interfaces: Interfaces): string | undefined {
  const all = Object.values(interfaces).flatMap((one) => one ?? []);
  const usable = all.filter(({ internal, address }) => !internal && !LINK_LOCAL.test(address));
  return (usable.find(({ family }) => family === 'IPv4') ?? usable[0])?.address;
}
