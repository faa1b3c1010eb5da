import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_STATUS } from '../../src/model/environment.ts';
import { faultText } from '../../src/model/faults.ts';
import { encodeDesired, isBranchName, parseItem } from '../../src/model/record.ts';
import { encodeStatus } from '../../src/model/status-record.ts';
import { BY_HAND, desired, status } from './items.ts';

function faults(item: Record<string, unknown>): readonly string[] {
  const parsed = parseItem({ ...BY_HAND, ...item });
  return parsed.ok ? [] : parsed.faults.map(faultText);
}

describe('desired state', () => {
  it('needs only what a person must say', () => {
    expect(parseItem(BY_HAND)).toEqual({
      sessionId: 'tt-hand',
      ok: true,
      desired: {
        sessionId: 'tt-hand',
        project: 'todo',
        repo: 'acme/todo',
        branch: 'hand',
        wanted: true,
        sources: {},
        intakeRev: 0,
      },
      status: EMPTY_STATUS,
    });
  });

  it('names what is missing, all at once', () => {
    const parsed = parseItem({ session_id: 'tt-hand' });
    expect(parsed.ok || parsed.faults.map(faultText)).toEqual([
      'project: found nothing, allowed: the name of a project in mayfly.yaml',
      'repo: found nothing, allowed: a repository as owner/name',
      'branch: found nothing, allowed: the name of a git branch',
      'wanted: found nothing, allowed: true or false',
    ]);
  });

  it.each([
    [{ wanted: 'yes' }, 'wanted: found the text "yes", allowed: true or false'],
    [{ wanted: 1 }, 'wanted: found the number 1, allowed: true or false'],
    [{ wanted: null }, 'wanted: found null, allowed: true or false'],
    [{ branch: '' }, 'branch: found the text "", allowed: the name of a git branch'],
    [{ branch: '--upload-pack=x' }, 'branch: found the text "--upload-pack=x", allowed: the name of a git branch'],
    [{ commit: 'abc' }, 'commit: found the text "abc", allowed: 40 or 64 hexadecimal digits'],
    [{ commit: ['a'] }, 'commit: found a list, allowed: 40 or 64 hexadecimal digits'],
    [{ repo: 'todo' }, 'repo: found the text "todo", allowed: a repository as owner/name'],
    [{ repo_id: 1.5 }, "repo_id: found the number 1.5, allowed: GitHub's numeric id of the repository"],
    [
      { image_tag: 'a b' },
      'image_tag: found the text "a b", allowed: an image tag such as latest, or a digest sha256:…',
    ],
    [{ intake_rev: -1 }, 'intake_rev: found the number -1, allowed: a whole number from 0'],
    [{ visited_at: 'now' }, 'visited_at: found the text "now", allowed: an ISO time such as 2026-03-01T18:00:00Z'],
    [{ sources: 'x' }, 'sources: found the text "x", allowed: a map'],
    [{ sources: { 'pulls/1': {} } }, 'sources.pulls/1: found the name "pulls/1", allowed: pull/N or issues/N'],
    [{ clashes: { 'pull/1': { branch: 'x' } } }, 'clashes.pull/1.open: found nothing, allowed: true or false'],
    [{ override: true }, 'override: found true, allowed: a map'],
    [{ override: { until: '2026-13-01T00:00:00Z' } }, /^override\.until: found the text .* allowed: an ISO time/],
    [{ override: { wanted: 'no' } }, 'override.wanted: found the text "no", allowed: true or false'],
    [{ override: { env: { A: 1 } } }, 'override.env.A: found a number, allowed: text'],
    [{ override: { env: { 'A-B': 'x' } } }, 'override.env.A-B: found the name "A-B", allowed: the name of a variable'],
    [
      { override: { imageTag: 'x' } },
      'override.imageTag: found an unknown name, allowed: one of wanted, branch, commit, image_tag, env, keep, paused, reason, by, until',
    ],
    [{ session_id: 'Not a label' }, /^session_id: found the text "Not a label", allowed: at most 50 lower case/],
    [{ project: new Set(['a']) }, /^project: found a set/],
    [{ project: new Uint8Array(2) }, /^project: found binary data/],
    [{ project: 'x'.repeat(100), wanted: {} }, 'wanted: found a map, allowed: true or false'],
    [{ branch: 'x'.repeat(300) }, `branch: found the text "${'x'.repeat(60)}…", allowed: the name of a git branch`],
  ])('%j is a fault', (item, expected) => {
    const found = faults(item);
    expect(found).toHaveLength(1);
    if (typeof expected === 'string') expect(found[0]).toBe(expected);
    else expect(found[0]).toMatch(expected);
  });

  it.each([
    { override: { env: { KEY: 5_550_123 } } },
    { override: { env: { KEY: ['5550123'] } } },
    { override: { env: { 'KEY=5550123': 'x' } } },
    { override: { env: { 'KEY: 5550123': 'x' } } },
    { override: { env: 'KEY=5550123' } },
    { override: { 'env KEY=5550123': 'x' } },
    { override: 'env KEY=5550123' },
    { override: 5_550_123 },
  ])('%j is named without the value, which may not be for everybody', (item) => {
    const [found, ...others] = faults(item);
    expect(found).toMatch(/^override.*: found .*, allowed: /);
    expect(found).not.toContain('5550123');
    expect(others).toEqual([]);
  });

  it('shows twenty faults, and how many more there are', () => {
    const env = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`A${index}`, index]));
    const found = faults({ override: { env } });
    expect(found).toHaveLength(21);
    expect(found[19]).toMatch(/^override\.env\.A19: /);
    expect(found[20]).toBe('and 13 more: found faults like these, allowed: none');
    delete env['A0'];
    expect(faults({ override: { env } }).at(-1)).toMatch(/^and 12 more/);
  });

  it('cuts a name that is no name short', () => {
    expect(faults({ override: { env: { ['-'.repeat(300)]: 'x' } } })[0]?.length).toBeLessThan(250);
  });

  it('names every fault of a source', () => {
    expect(faults({ sources: { 'pull/1': { wanted: 1, branch: 'a', author: 'b', open: true, at: 'x' } } })).toEqual([
      'sources.pull/1.wanted: found the number 1, allowed: true or false',
      'sources.pull/1.trusted: found nothing, allowed: true or false',
      'sources.pull/1.at: found the text "x", allowed: an ISO time such as 2026-03-01T18:00:00Z',
    ]);
  });

  it('tolerates attributes that it does not know', () => {
    expect(faults({ note: 'mine', tags: { a: 1 }, expires_at: 'soon', state: 'WHAT', status: 5 })).toEqual([]);
  });

  it('takes a commit in capitals for the same commit', () => {
    const parsed = parseItem({ ...BY_HAND, commit: 'A'.repeat(40) });
    expect(parsed.ok && parsed.desired.commit).toBe('a'.repeat(40));
  });

  it.each(['main', 'feat/x', 'a_b.c', 'dependabot/npm_and_yarn/a-1.2', 'ümlaut', 'a@b', 'HEAD'])('knows %s', (name) => {
    expect(isBranchName(name)).toBe(true);
  });

  it.each([
    '',
    '@',
    '-x',
    '/x',
    'x/',
    'x.',
    'a..b',
    'a b',
    'a~b',
    'a^b',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    'a@{b',
    'a//b',
    '.a',
    'a/.b',
    'a.lock',
    'a.lock/b',
    'a\nb',
    'a\u007fb',
  ])('refuses %j as the name of a branch', (name) => {
    expect(isBranchName(name)).toBe(false);
  });
});

/** Through DynamoDB's own form and back. */
function stored(item: Record<string, unknown>): Record<string, unknown> {
  return unmarshall(marshall(item));
}

/** Without the members that are undefined, at every depth. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('a round trip', () => {
  it('gives desired state back', () => {
    fc.assert(
      fc.property(desired, (value) => {
        const parsed = parseItem(stored(encodeDesired(value)));
        expect(parsed.ok || parsed.faults).toBe(true);
        expect(plain(parsed.ok && parsed.desired)).toEqual(plain(value));
      }),
    );
  });

  it('gives status back', () => {
    fc.assert(
      fc.property(status, (value) => {
        const parsed = parseItem({ ...BY_HAND, status: stored(encodeStatus(value)) });
        expect(plain(parsed.status)).toEqual(plain(value));
      }),
    );
  });

  it('writes names that people can read', () => {
    const keys = new Set<string>();
    const collect = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, member] of Object.entries(value)) {
        keys.add(key);
        if (key !== 'env' && key !== 'conditions') collect(member);
      }
    };
    for (const value of fc.sample(desired, 50)) collect(encodeDesired(value));
    for (const value of fc.sample(status, 50)) collect(encodeStatus(value));
    expect([...keys].filter((key) => /[A-Z]/.test(key))).toEqual([]);
    expect(keys).toContain('client_token');
    expect(keys).toContain('log_tail');
  });
});

describe('any item at all', () => {
  it('is read without throwing, and every fault has its three parts', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...Object.keys(BY_HAND), 'sources', 'override', 'commit'), fc.anything()),
        (junk) => {
          const parsed = parseItem({ ...BY_HAND, ...junk });
          if (parsed.ok) return;
          for (const fault of parsed.faults) expect(Object.values(fault).every((part) => part.length > 0)).toBe(true);
        },
      ),
    );
  });
});
