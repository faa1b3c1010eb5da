/** The addresses of the subnets. */

/**
 * `last`: one that was freed last is given out last, so that what still points to it has time to notice. `first`: it
 * goes to the very next task at once, as it may on AWS.
 */
export type AddressReuse = 'last' | 'first';

export interface AddressPool {
  has(subnetId: string): boolean;
  /** From the first of the subnets that has one left; undefined when all are full. */
  take(subnetIds: readonly string[]): { readonly subnetId: string; readonly address: string } | undefined;
  give(subnetId: string, address: string): void;
}

/** AWS keeps the first four addresses and the last of each subnet. */
const RESERVED_AT_START = 4;

interface Subnet {
  next: number;
  readonly end: number;
  readonly freed: string[];
}

/** Throws when a block is not `a.b.c.d/n` with n from 16 to 28, as for AWS's subnets. */
export function makeAddressPool(subnets: Readonly<Record<string, string>>, reuse: AddressReuse): AddressPool {
  const pools = new Map(Object.entries(subnets).map(([id, cidr]) => [id, subnetOf(id, cidr)]));
  return {
    has: (subnetId) => pools.has(subnetId),
    take(subnetIds) {
      for (const subnetId of subnetIds) {
        const pool = pools.get(subnetId);
        const address = pool && takeFrom(pool, reuse);
        if (address !== undefined) {
          return { subnetId, address };
        }
      }
      return undefined;
    },
    give: (subnetId, address) => {
      pools.get(subnetId)?.freed.push(address);
    },
  };
}

/** The address that a fresh subnet gives out first. */
export function firstAddress(id: string, cidr: string): string {
  return toText(subnetOf(id, cidr).next);
}

function takeFrom(pool: Subnet, reuse: AddressReuse): string | undefined {
  const freed = reuse === 'first' ? pool.freed.pop() : undefined;
  if (freed !== undefined) {
    return freed;
  }
  if (pool.next < pool.end) {
    pool.next += 1;
    return toText(pool.next - 1);
  }
  return pool.freed.shift();
}

function subnetOf(id: string, cidr: string): Subnet {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const [a = 256, b = 256, c = 256, d = 256, bits = 0] = (match ?? []).slice(1).map(Number);
  if (Math.max(a, b, c, d) > 255 || bits < 16 || bits > 28) {
    throw new Error(`subnet ${id}: the block must be a.b.c.d/n with n from 16 to 28; found '${cidr}'`);
  }
  const size = 2 ** (32 - bits);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  const base = address - (address % size);
  return { next: base + RESERVED_AT_START, end: base + size - 1, freed: [] };
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
