/** What every table of the lease must do. Run against DynamoDB's protocol and against memory. */
import { describe, expect, it } from 'vitest';
import type { Lease } from '../../src/runtime/lease.ts';
import type { LeaseStore } from '../../src/store/lease-record.ts';

export interface LeaseHarness {
  readonly lease: LeaseStore;
  /** The same table, as another replica sees it. */
  readonly other: LeaseStore;
  /** Puts a whole raw item (without its key), as a person does; undefined deletes it. */
  readonly seed: (item: Record<string, unknown> | undefined) => Promise<void>;
  /** The raw item, without its key. */
  readonly peek: () => Promise<Record<string, unknown> | undefined>;
}

const LEASE: Lease = {
  holder: 'one',
  epoch: 1_800_000_000,
  beat: 1,
  durationMs: 20_000,
  nudgeUrl: 'http://10.0.0.1:9464',
};
const NEXT: Lease = { ...LEASE, beat: 2 };
const RIVAL: Lease = { ...LEASE, holder: 'two', epoch: LEASE.epoch + 1, beat: 3 };

export function leaseContract(name: string, make: () => Promise<LeaseHarness>): void {
  describe(`the contract of a lease: ${name}`, () => {
    it('knows nothing at first', async () => {
      expect(await (await make()).lease.read()).toBeUndefined();
    });

    it('gives back what was written, to everybody', async () => {
      const { lease, other } = await make();
      expect(await lease.swap(undefined, LEASE)).toBe(true);
      expect([await lease.read(), await other.read()]).toEqual([LEASE, LEASE]);
      expect(await lease.swap(LEASE, { ...NEXT, nudgeUrl: undefined })).toBe(true);
      expect(await other.read()).toEqual({ ...NEXT, nudgeUrl: undefined });
    });

    it('writes the attributes that people see', async () => {
      const { lease, peek } = await make();
      await lease.swap(undefined, LEASE);
      const [holder, epoch, nudge_url] = ['one', 1_800_000_000, 'http://10.0.0.1:9464'];
      expect(await peek()).toEqual({ holder, epoch, beat: 1, duration_ms: 20_000, nudge_url });
    });

    it('replaces nothing but exactly what was there', async () => {
      const { lease, other, peek } = await make();
      expect(await lease.swap(LEASE, NEXT)).toBe(false);
      expect(await lease.read()).toBeUndefined();
      await lease.swap(undefined, LEASE);
      const before = await peek();
      const wrong: readonly (Lease | undefined)[] = [
        undefined,
        { ...LEASE, holder: 'two' },
        { ...LEASE, epoch: 1 },
        { ...LEASE, beat: 0 },
        { ...LEASE, durationMs: 0 },
      ];
      for (const previous of wrong) expect(await other.swap(previous, RIVAL)).toBe(false);
      expect(await peek()).toEqual(before);
    });

    it('lets exactly one of many writers win', async () => {
      const { lease, other } = await make();
      await lease.swap(undefined, LEASE);
      const rivals = ['a', 'b', 'c', 'd', 'e'].map((holder) => ({ ...RIVAL, holder }));
      const seen = await other.read();
      const results = await Promise.all(rivals.map((rival) => other.swap(seen, rival)));
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await lease.read()).toEqual(rivals[results.indexOf(true)]);
    });

    it('is taken anew when it was deleted', async () => {
      const { lease, seed } = await make();
      await lease.swap(undefined, LEASE);
      await seed(undefined);
      expect(await lease.swap(LEASE, NEXT)).toBe(false);
      expect(await lease.swap(undefined, NEXT)).toBe(true);
    });

    it.each([
      ['empty', {}, 0],
      ['without a beat', { holder: 'x', epoch: 7, duration_ms: 5 }, 7],
      ['of other types', { holder: ['x'], epoch: '7', beat: null, duration_ms: true }, 0],
      ['without end', { holder: 'x', epoch: 9, beat: 1, duration_ms: 1e15 }, 9],
    ])('reads a record that is %s as the lease of somebody, and replaces exactly it', async (_name, item, epoch) => {
      const { lease, other, seed } = await make();
      await seed(item);
      const seen = await lease.read();
      expect(seen).toMatchObject({ holder: expect.stringMatching(/^not understood/), epoch, durationMs: 20_000 });
      expect(await lease.read()).toEqual(seen);
      expect(await other.swap(undefined, RIVAL)).toBe(false);
      expect(await lease.swap(seen, NEXT)).toBe(true);
      expect(await lease.swap(seen, RIVAL)).toBe(false);
    });

    it('does not mind an address that is none', async () => {
      const { lease, seed } = await make();
      await seed({ holder: 'x', epoch: 7, beat: 1, duration_ms: 5, nudge_url: 'file:///etc/passwd' });
      expect(await lease.read()).toEqual({ holder: 'x', epoch: 7, beat: 1, durationMs: 5, nudgeUrl: undefined });
    });

    it('prepares again and again without harm', async () => {
      const { lease } = await make();
      await lease.swap(undefined, LEASE);
      await lease.prepare(false);
      await lease.prepare(true);
      expect(await lease.read()).toEqual(LEASE);
    });
  });
}
