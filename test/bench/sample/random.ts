/** Numbers that only look random: the same seed makes the same sample on every machine. */
export interface Random {
  /** From 0 up to `below`, which is not reached. */
  integer(below: number): number;
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Buffer;
}

/** mulberry32. */
export function makeRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const integer = (below: number): number => next() % below;
  return {
    integer,
    pick(items) {
      const item = items[integer(items.length)];
      if (item === undefined) throw new RangeError('items: found none, allowed one or more');
      return item;
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => integer(256))),
  };
}
