import { createHash } from 'node:crypto';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, describe, expect, it } from 'vitest';
import { makeTrace } from '../trace.ts';
import { storyOf } from './generate.ts';
import { regressions } from './regressions.ts';
import { runSeed, runStory } from './run-seed.ts';
import { shrink } from './shrink.ts';
import type { Story } from './story.ts';
import { tellStory } from './tell.ts';

/** Every word of a run, and their hash. */
async function traceOf(seed: number): Promise<{ readonly text: string; readonly hash: string }> {
  const lines: string[] = [];
  await runSeed(seed, makeTrace({ write: (line) => void lines.push(line), everything: true }));
  const text = lines.join('\n');
  return { text, hash: createHash('sha256').update(text).digest('hex') };
}

const words = (violations: readonly { readonly oracle: string; readonly text: string }[]): readonly string[] =>
  violations.map(({ oracle, text }) => `${oracle}: ${text}`);

describe('a story', () => {
  it('follows from its seed alone, and survives JSON', () => {
    const story = storyOf(17);
    expect(storyOf(17)).toEqual(story);
    expect(JSON.parse(JSON.stringify(story))).toEqual(story);
    expect(storyOf(18)).not.toEqual(story);
  });

  it('is told line by line', () => {
    const story = storyOf(17);
    const lines = tellStory(story);
    expect(lines.length).toBeGreaterThan(story.acts.length);
    expect(lines.at(-1)).toMatch(/^ +\d+:00 the storm ends$/);
  });
});

describe('a random run', () => {
  it('is the same to the byte on every run of a seed', { timeout: 120_000 }, async () => {
    const first = await traceOf(9);
    const second = await traceOf(9);
    expect(first.text.length).toBeGreaterThan(10_000);
    expect(second.hash).toBe(first.hash);
  });

  it.each([2, 5, 8, 23])('of seed %i passes', { timeout: 120_000 }, async (seed) => {
    const { violations } = await runSeed(seed);
    expect(words(violations)).toEqual([]);
  });
});

describe('timers, randomness and dates inside', () => {
  const real = { Date, setTimeout, setInterval, random: Math.random, now: performance.now };
  const drawn = { randomBytes: crypto.randomBytes, randomUUID: crypto.randomUUID, randomInt: crypto.randomInt };

  afterEach(() => {
    const { Date: RealDate, setTimeout: later, setInterval: often } = real;
    Object.assign(globalThis, { Date: RealDate, setTimeout: later, setInterval: often });
    Math.random = real.random;
    performance.now = real.now;
    Object.assign(crypto, drawn);
    syncBuiltinESMExports();
  });

  it("are the simulation's own", { timeout: 120_000 }, async () => {
    // What is loaded and set up on first use is no part of a run.
    const before = await traceOf(5);
    const used: string[] = [];
    const forbidden = (name: string) => (): never => {
      const error = new Error(`${name} is the machine's own`);
      used.push(error.stack ?? name);
      throw error;
    };
    class NoDate extends Date {
      constructor(...args: [] | [number | string]) {
        if (args.length === 0) forbidden('new Date()')();
        super(...(args as [number]));
      }
      static override now = forbidden('Date.now');
    }
    Object.assign(globalThis, {
      Date: NoDate,
      setTimeout: forbidden('setTimeout'),
      setInterval: forbidden('setInterval'),
    });
    Math.random = forbidden('Math.random');
    performance.now = forbidden('performance.now');
    for (const name of Object.keys(drawn)) Object.assign(crypto, { [name]: forbidden(`crypto.${name}`) });
    syncBuiltinESMExports();
    const after = await traceOf(5);
    expect(used).toEqual([]);
    expect(after.hash).toBe(before.hash);
  });
});

describe('shrinking', () => {
  it('finds nothing in a story that passes', { timeout: 120_000 }, async () => {
    expect(await shrink(storyOf(5), 3)).toBeUndefined();
  });

  it('keeps what makes a story fail, and little else', async () => {
    const story = storyOf(10);
    const [needed] = story.acts.filter(({ kind }) => kind === 'push');
    const isNeeded = ({ acts, storm }: Story): boolean =>
      acts.some(({ kind }) => kind === 'push') && (storm.only ?? ['a', 'b', 'c']).includes('b');
    const found = await shrink(story, 200, async (tried, listeners) => {
      for (const key of ['a', 'b', 'c']) listeners?.onStrike?.(key);
      const fails = isNeeded(tried) && Object.keys(tried.storm.rates).length > 0;
      return { violations: fails ? [{ oracle: 'unsettled' }] : [] };
    });
    expect(needed).toBeDefined();
    expect(found?.story.acts.map(({ kind }) => kind)).toEqual(['push']);
    expect(found?.story.storm.only).toEqual(['b']);
    expect(found?.story.replicas).toBe(1);
    expect(found?.story.world).toEqual({});
    expect(found?.runs).toBeLessThan(120);
  });
});

describe('what once failed', () => {
  it.each(regressions().filter(({ open }) => !open))('$name: $about', { timeout: 120_000 }, async ({ story }) => {
    const { violations } = await runStory(story);
    expect(words(violations)).toEqual([]);
  });
});
