import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  clientToken,
  derivedFamily,
  firstPriority,
  hostOf,
  INSTALLATION_PATTERN,
  isOwnStop,
  PRIORITY_BASE,
  PRIORITY_MAX,
  SESSION_PATTERN,
  sessionId,
  sessionOfHost,
  slug,
  startedBy,
  stopReason,
  targetGroupName,
  targetGroupPrefix,
  urlOf,
} from '../../src/model/names.ts';
import { isBranchName } from '../../src/model/record.ts';

const REPO = 7;
const id = (branch: string, more: { repoId?: number; fork?: boolean } = {}, prefix = 'tt'): string =>
  sessionId(prefix, { repoId: REPO, branch, fork: false, ...more });

/** Names close to each other: the same letters in other cases, accents, separators, tails that look like hashes. */
const branch = fc
  .oneof(
    fc.stringMatching(/^[a-z0-9]{1,12}(-[a-z0-9]{1,12}){0,4}$/),
    fc.stringMatching(/^[aA](?:[-/_.aAbB1]){0,6}[aA]$/),
    fc.stringMatching(/^[a-z]{1,50}-[0-9a-f]{8}$/),
    fc.stringMatching(/^[a-z-]{40,70}$/),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
  )
  .filter(isBranchName);
const prefix = fc.stringMatching(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/);

describe('a session id', () => {
  it('is a DNS label of at most 50 characters that starts with the prefix', () => {
    fc.assert(
      fc.property(prefix, branch, fc.nat(), fc.boolean(), (start, name, repoId, fork) => {
        const session = id(name, { repoId, fork }, start);
        expect(session).toMatch(SESSION_PATTERN);
        expect(session.length).toBeLessThanOrEqual(50);
        expect(session.startsWith(`${start}-`)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('differs for different branches and repositories', () => {
    const head = fc.record({ branch, repoId: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(fc.array(head, { minLength: 2, maxLength: 60 }), (heads) => {
        // One repository is the project's own; all others are forks.
        const keys = new Map<string, string>();
        for (const { branch: name, repoId } of heads) {
          const session = id(name, { repoId, fork: repoId !== 1 });
          const key = `${repoId} ${name}`;
          expect(keys.get(session) ?? key).toBe(key);
          keys.set(session, key);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('differs from the hashed name of another branch, though a branch is named like it', () => {
    fc.assert(
      fc.property(branch, (name) => {
        const taken = id(name);
        const mimic = taken.slice('tt-'.length);
        if (mimic !== name) expect(id(mimic)).not.toBe(taken);
      }),
      { numRuns: 500 },
    );
  });

  it('is the plain name of a clean branch', () => {
    const clean = fc.stringMatching(/^[a-z0-9]{1,9}(-[a-z0-9]{1,7}){0,4}$/);
    fc.assert(
      fc.property(clean, (name) => {
        const hashed = /-[0-9a-f]{8}$/.test(`tt-${name}`) ? '-[0-9a-f]{8}' : '';
        expect(id(name)).toMatch(new RegExp(`^tt-${name}${hashed}$`));
      }),
      { examples: [['0a000000']] },
    );
  });

  // biome-ignore format: a drawn table reads by rows
  test.each([
    ['my-branch',            {},               /^tt-my-branch$/],
    ['2fa',                  {},               /^tt-2fa$/],
    ['My-Branch',            {},               /^tt-my-branch-[0-9a-f]{8}$/],
    ['feature/login',        {},               /^tt-feature-login-[0-9a-f]{8}$/],
    ['feature_login',        {},               /^tt-feature-login-[0-9a-f]{8}$/],
    ['a--b',                 {},               /^tt-a-b-[0-9a-f]{8}$/],
    ['café',                 {},               /^tt-cafe-[0-9a-f]{8}$/],
    ['日本',                 {},               /^tt-[0-9a-f]{8}$/],
    ['my-branch-',           {},               /^tt-my-branch-[0-9a-f]{8}$/],
    ['my-branch',            { fork: true },   /^tt-my-branch-[0-9a-f]{8}$/],
    ['x-0123abcd',           {},               /^tt-x-0123abcd-[0-9a-f]{8}$/],
    ['deadbeef',             {},               /^tt-deadbeef-[0-9a-f]{8}$/],
    ['b'.repeat(47),         {},               /^tt-b{47}$/],
    ['b'.repeat(48),         {},               /^tt-b{38}-[0-9a-f]{8}$/],
    [`${'b'.repeat(37)}-${'c'.repeat(20)}`, {}, /^tt-b{37}-[0-9a-f]{8}$/],
  ])('of %s %j is %s', (name, more, expected) => {
    expect(id(name, more)).toMatch(expected);
  });

  it('depends on the repository only where it is hashed', () => {
    expect(id('topic', { repoId: 1 })).toBe(id('topic', { repoId: 2 }));
    expect(id('Topic', { repoId: 1 })).not.toBe(id('Topic', { repoId: 2 }));
  });

  it('does not change from one version of Mayfly to the next', () => {
    expect(id('feature/login')).toBe('tt-feature-login-fc3952c4');
  });
});

describe('a slug', () => {
  it('is empty or a DNS label, and is its own slug', () => {
    fc.assert(
      fc.property(branch, (name) => {
        const label = slug(name);
        expect(label).toMatch(/^(?:[a-z0-9]+(?:-[a-z0-9]+)*)?$/);
        expect(slug(label)).toBe(label);
      }),
    );
  });
});

describe('hosts', () => {
  const listener = {
    name: 'l',
    arn: 'arn',
    vpcId: 'vpc',
    frontDoorTargetGroupArn: 'arn',
    domain: 'dev.example.test',
    url: 'http://{host}:8000/?from={host}',
  };

  it('lead back to their session', () => {
    fc.assert(
      fc.property(branch, (name) => {
        expect(sessionOfHost(listener.domain, hostOf(listener, id(name)))).toBe(id(name));
      }),
    );
  });

  // biome-ignore format: a drawn table reads by rows
  test.each([
    ['tt-a.dev.example.test',        'tt-a'],
    ['TT-A.Dev.Example.Test',        'tt-a'],
    ['tt-a.dev.example.test:8000',   'tt-a'],
    ['tt-a.dev.example.test.',       'tt-a'],
    ['dev.example.test',             undefined],
    ['.dev.example.test',            undefined],
    ['tt-a.example.test',            undefined],
    ['x.tt-a.dev.example.test',      undefined],
    ['tt-a-.dev.example.test',       undefined],
    ['tt_a.dev.example.test',        undefined],
    [`${'a'.repeat(51)}.dev.example.test`, undefined],
    ['tt-a.dev.example.test.evil.test', undefined],
    ['',                             undefined],
  ])('%s names %s', (host, session) => {
    expect(sessionOfHost(listener.domain, host)).toBe(session);
  });

  it('stand everywhere in the URL that the listener says', () => {
    expect(urlOf(listener, 'tt-a')).toBe('http://tt-a.dev.example.test:8000/?from=tt-a.dev.example.test');
  });
});

describe('names in AWS', () => {
  const installation = fc.stringMatching(INSTALLATION_PATTERN);
  const session = branch.map((name) => id(name));

  it('of target groups are valid and of their installation only', () => {
    fc.assert(
      fc.property(installation, installation, session, (mine, other, name) => {
        const group = targetGroupName(mine, name);
        expect(group).toMatch(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/);
        expect(group.startsWith(targetGroupPrefix(mine))).toBe(true);
        expect(group.startsWith(targetGroupPrefix(other))).toBe(mine === other);
      }),
    );
  });

  it('of the owner of tasks are valid', () => {
    fc.assert(
      fc.property(installation, (mine) => {
        expect(startedBy(mine)).toMatch(/^[A-Za-z0-9/_-]{1,128}$/);
      }),
    );
  });

  it('of families are valid, and differ with each part', () => {
    const family = derivedFamily('test', 'web', 'arn:base:1', 'image:a');
    expect(family).toMatch(/^[A-Za-z0-9_-]{1,255}$/);
    const others = [
      derivedFamily('test', 'web2', 'arn:base:1', 'image:a'),
      derivedFamily('test', 'web', 'arn:base:2', 'image:a'),
      derivedFamily('test', 'web', 'arn:base:1', 'image:b'),
      derivedFamily('other', 'web', 'arn:base:1', 'image:a'),
    ];
    expect(new Set([family, ...others]).size).toBe(5);
  });

  it('priorities start between the fixed ones and the highest', () => {
    fc.assert(
      fc.property(session, (name) => {
        expect(firstPriority(name)).toBeGreaterThanOrEqual(PRIORITY_BASE);
        expect(firstPriority(name)).toBeLessThanOrEqual(PRIORITY_MAX);
        expect(Number.isInteger(firstPriority(name))).toBe(true);
      }),
    );
  });

  it('client tokens are valid, repeat for the same attempt, and differ for any other', () => {
    const token = clientToken('tt-a', 1, '1:x', '2026-01-01T00:00:00.000Z');
    expect(token).toMatch(/^[!-~]{1,64}$/);
    expect(clientToken('tt-a', 1, '1:x', '2026-01-01T00:00:00.000Z')).toBe(token);
    const others = [
      clientToken('tt-b', 1, '1:x', '2026-01-01T00:00:00.000Z'),
      clientToken('tt-a', 2, '1:x', '2026-01-01T00:00:00.000Z'),
      clientToken('tt-a', 1, '1:y', '2026-01-01T00:00:00.000Z'),
      clientToken('tt-a', 1, '1:x', '2026-01-01T00:00:00.001Z'),
    ];
    expect(new Set([token, ...others]).size).toBe(5);
  });
});

describe('reasons of stops', () => {
  it('tell our own from those of others', () => {
    expect(isOwnStop(stopReason('it is replaced'))).toBe(true);
    expect(isOwnStop('Task stopped by ada: Mayfly: no')).toBe(false);
    expect(isOwnStop('')).toBe(false);
  });
});
