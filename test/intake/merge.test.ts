import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { desiredFrom } from '../../src/intake/desired-from.ts';
import { type Merge, mergeIntent } from '../../src/intake/merge.ts';
import { answer } from '../../src/model/answer.ts';
import type { Desired } from '../../src/model/environment.ts';
import type { PullSnapshot } from '../../src/model/snapshot.ts';
import { at, C1, C2, fields, HAND, NOW, PROJECT, type PullOptions, pull } from './fixtures.ts';

const DAY = 24 * 3_600_000;

function merge(record: Desired | undefined, snapshot: PullSnapshot, now = NOW): Merge {
  return mergeIntent(record, desiredFrom(snapshot, PROJECT), now);
}

/** The record after a merge, as a store would leave it. */
function apply(record: Desired | undefined, snapshot: PullSnapshot, now = NOW): Desired | undefined {
  const merged = merge(record, snapshot, now);
  if (merged.kind === 'create') return merged.desired;
  if (merged.kind !== 'update' || !record) return record;
  const { wanted, branch, commit, imageTag, sources } = merged.change;
  return {
    ...record,
    ...(wanted !== undefined && { wanted }),
    ...(branch !== undefined && { branch }),
    ...(commit !== undefined && { commit: commit ?? undefined }),
    ...(imageTag !== undefined && { imageTag: imageTag ?? undefined }),
    sources,
    intakeRev: record.intakeRev + 1,
  };
}

type Event = PullSnapshot | Partial<Desired>;

/** Snapshots and hand edits in turn. */
function story(...events: readonly Event[]): Desired | undefined {
  return events.reduce<Desired | undefined>((record, event) => {
    if ('baseRepoId' in event) return apply(record, event);
    if (!record) throw new Error('nothing to edit');
    return { ...record, ...event };
  }, undefined);
}

/** A moment at which the pull request has no label, or is closed, or was pushed to. */
const off = (seconds: number, options: PullOptions = {}) => pull(seconds, { labels: [], ...options });
const closed = (seconds: number, options: PullOptions = {}) => pull(seconds, { open: false, ...options });
const push = (seconds: number, options: PullOptions = {}) => pull(seconds, { commit: C2, ...options });

const ON = { wanted: true, branch: 'feature', commit: C1, imageTag: 'latest' };

describe('one pull request', () => {
  const rows: [string, Event[], object][] = [
    ['label', [pull(1)], ON],
    ['relabel at once', [pull(1), pull(2, { labels: ['uat-staging'] })], { ...ON, imageTag: 'staging' }],
    ['relabel by off and on', [pull(1), off(2), pull(3, { labels: ['uat-staging'] })], { ...ON, imageTag: 'staging' }],
    ['unlabel', [pull(1), off(2)], { ...ON, wanted: false }],
    ['label again', [pull(1), off(2), pull(3)], ON],
    ['push', [pull(1), push(2)], { ...ON, commit: C2 }],
    ['push while unlabelled, label', [pull(1), off(2), off(3, { commit: C2 }), push(4)], { ...ON, commit: C2 }],
    ['close', [pull(1), closed(2)], { ...ON, wanted: false }],
    ['reopen', [pull(1), closed(2), pull(3)], ON],
    ['close and reopen collapsed with a push', [pull(1), push(3)], { ...ON, commit: C2 }],
    ['an older snapshot comes late', [pull(1), off(3), pull(2)], { ...ON, wanted: false }],
    ['a duplicate', [pull(1), pull(1), pull(1)], ON],
  ];
  it.each(rows)('%s', (_name, events, expected) => {
    expect(fields(story(...events))).toEqual(expected);
  });

  it('makes a record with all that is known', () => {
    expect(story(pull(1))).toEqual({
      sessionId: 'tt-feature',
      project: 'todo',
      repo: 'acme/todo',
      repoId: 7,
      ...ON,
      sources: { 'pull/12': desiredFrom(pull(1), PROJECT).source },
      intakeRev: 1,
    });
  });

  it('makes no record without a label, open or closed', () => {
    expect(merge(undefined, off(1))).toEqual({ kind: 'none' });
    expect(merge(undefined, closed(1))).toEqual({ kind: 'none' });
  });

  it('makes a record that says a fork is refused, and nothing for a fork that asks for nothing', () => {
    const record = story(pull(1, { fork: true }));
    expect(record).toMatchObject({ wanted: false, repo: 'eve/todo', repoId: 8 });
    expect(record?.sources['pull/12']?.refused).toBe('ForkRefused');
    expect(merge(undefined, off(1, { fork: true }))).toEqual({ kind: 'none' });
  });
});

describe('a hand edit', () => {
  const again = (seconds: number) => pull(seconds, { labels: ['uat', 'bug'] });
  const edits: Partial<Desired>[] = [
    { wanted: false },
    { branch: 'other' },
    { commit: HAND },
    { commit: undefined },
    { imageTag: 'sha-1' },
    { imageTag: undefined },
  ];
  it.each(edits.map((edit) => [edit] as const))('%j holds through redelivery, resync and comment', (edit) => {
    const record = story(pull(1), edit, pull(1), again(2), pull(3), again(3));
    expect(fields(record)).toEqual({ ...ON, ...edit });
  });

  const rows: [string, Event[], object][] = [
    ['of wanted holds through a push', [pull(1), { wanted: false }, push(2)], { ...ON, wanted: false, commit: C2 }],
    ['of wanted gives way to the label taken off and put back', [pull(1), { wanted: false }, off(2), pull(3)], ON],
    [
      'that wants an unlabelled one follows its pushes',
      [pull(1), off(2), { wanted: true }, off(3, { commit: C2 })],
      { ...ON, commit: C2 },
    ],
    [
      'that wants an unlabelled one holds when it closes, since its field did not change',
      [pull(1), off(2), { wanted: true }, closed(3)],
      ON,
    ],
    ['of commit gives way to a push', [pull(1), { commit: HAND }, push(2)], { ...ON, commit: C2 }],
    [
      'of commit holds through a label taken off and put back',
      [pull(1), { commit: HAND }, off(2), pull(3)],
      { ...ON, commit: HAND },
    ],
    ['of image_tag holds through a push', [pull(1), { imageTag: 'x' }, push(2)], { ...ON, imageTag: 'x', commit: C2 }],
    [
      'of image_tag gives way to another label',
      [pull(1), { imageTag: 'x' }, pull(2, { labels: ['uat-staging'] })],
      { ...ON, imageTag: 'staging' },
    ],
    [
      'of branch is no other environment to its own source',
      [pull(1), { branch: 'other' }, push(2)],
      { ...ON, branch: 'other', commit: C2 },
    ],
    [
      'of branch is no other environment to a second pull request',
      [pull(1), { branch: 'other' }, push(2, { number: 13 })],
      { ...ON, branch: 'other', commit: C2 },
    ],
  ];
  it.each(rows)('%s', (_name, events, expected) => {
    expect(fields(story(...events))).toEqual(expected);
  });
});

describe('two pull requests on one branch', () => {
  const other = (seconds: number, options: PullOptions = {}) => pull(seconds, { number: 13, ...options });
  const rows: [string, Event[], object][] = [
    ['share the environment', [pull(1), other(2)], ON],
    ['keep it while one wants it', [pull(1), other(2), closed(3)], ON],
    ['let it go when neither does', [pull(1), other(2), closed(3), other(4, { labels: [] })], { ...ON, wanted: false }],
    ['take the commit told last', [pull(1), other(2), push(3), other(3, { commit: C2 })], { ...ON, commit: C2 }],
    [
      'take the image of the higher number',
      [pull(1), other(2, { labels: ['uat-staging'] })],
      { ...ON, imageTag: 'staging' },
    ],
    [
      'do not change the image by a comment',
      [pull(1), other(2, { labels: ['uat-staging'] }), pull(9)],
      { ...ON, imageTag: 'staging' },
    ],
    [
      'fall back to the image of the one left',
      [pull(1), other(2, { labels: ['uat-staging'] }), other(3, { open: false })],
      ON,
    ],
    [
      'do not go back to an old head by a label on the one that is closed',
      [
        pull(1),
        other(1),
        closed(2),
        push(3, { number: 13 }),
        other(4, { open: false, commit: C2 }),
        closed(5, { labels: [], closedAt: 2 }),
      ],
      { ...ON, wanted: false, commit: C2 },
    ],
    ['do not wake what one never asked for', [pull(1), closed(2), other(3, { labels: [] })], { ...ON, wanted: false }],
  ];
  it.each(rows)('%s', (_name, events, expected) => {
    expect(fields(story(...events))).toEqual(expected);
  });

  it('leaves no trace of one that never asked', () => {
    expect(merge(story(pull(1)), other(2, { labels: [] }))).toEqual({ kind: 'none' });
  });
});

describe('a record made by hand', () => {
  const byHand: Desired = {
    sessionId: 'tt-feature',
    project: 'todo',
    repo: 'Acme/Todo',
    branch: 'feature',
    commit: HAND,
    wanted: true,
    sources: {},
    intakeRev: 0,
  };

  it('is left alone by a pull request without a label', () => {
    expect(merge(byHand, off(1))).toEqual({ kind: 'none' });
    expect(merge(byHand, closed(1))).toEqual({ kind: 'none' });
  });

  it('is joined by a labelled pull request of its branch', () => {
    expect(fields(apply(byHand, pull(1)))).toEqual(ON);
  });

  it('belongs to its branch: another one does not get its name', () => {
    const holder = { repo: 'acme/todo', branch: 'elsewhere' };
    expect(merge({ ...byHand, ...holder }, pull(1))).toEqual({ kind: 'name-taken', holder });
    expect(merge({ ...byHand, repo: 'other/todo' }, pull(1))).toMatchObject({ kind: 'name-taken' });
    expect(merge({ ...byHand, repoId: 99 }, pull(1))).toMatchObject({ kind: 'name-taken' });
  });

  it('is known by its repository id after a rename', () => {
    expect(merge({ ...byHand, repo: 'old/name', repoId: 7 }, pull(1))).toMatchObject({ kind: 'update' });
  });
});

describe('logical time', () => {
  it('asks for a re-read after the first snapshot, which has nothing to compare with', () => {
    expect(merge(undefined, pull(1))).toMatchObject({ kind: 'create', reread: true });
    expect(merge(story(pull(1)), pull(2, { number: 13 }))).toMatchObject({ kind: 'update', reread: true });
  });

  it('applies another snapshot of the same second, and asks for a re-read', () => {
    const record = story(pull(1), pull(5));
    expect(merge(record, off(5))).toMatchObject({ kind: 'update', reread: true, change: { wanted: false } });
    expect(merge(record, off(6))).toMatchObject({ kind: 'update', reread: false });
  });

  it('ignores an older snapshot and says so', () => {
    expect(merge(story(pull(5)), off(4))).toEqual({ kind: 'ignored-older' });
  });

  it('compares moments, not texts', () => {
    const record = story(pull(5));
    const source = record?.sources['pull/12'];
    if (!record || !source) throw new Error('no record');
    const shifted = { ...record, sources: { 'pull/12': { ...source, at: '2026-01-09T02:00:05+02:00' } } };
    expect(merge(shifted, off(4))).toEqual({ kind: 'ignored-older' });
  });
});

describe('tombstones', () => {
  const closedAt = Date.parse(at(2));
  const second = (seconds: number) => pull(seconds, { number: 13 });

  it('outlive every redelivery', () => {
    const record = apply(story(pull(1), second(1), closed(2)), pull(3, { number: 13 }), closedAt + 3 * DAY);
    expect(Object.keys(record?.sources ?? {})).toEqual(['pull/12', 'pull/13']);
    expect(record && apply(record, pull(1), closedAt + 3 * DAY)).toBe(record);
  });

  it('go after four days, with the next change, and change no field', () => {
    const before = story(pull(1), second(1), closed(2));
    const record = apply(before, pull(3, { number: 13 }), closedAt + 4 * DAY);
    expect(Object.keys(record?.sources ?? {})).toEqual(['pull/13']);
    expect(fields(record)).toEqual(fields(before));
  });

  it('are only for closed sources: an open one without a label stays', () => {
    const record = apply(story(pull(1), second(1), off(2)), pull(3, { number: 13 }), closedAt + 40 * DAY);
    expect(Object.keys(record?.sources ?? {})).toEqual(['pull/12', 'pull/13']);
  });
});

describe('in any order', () => {
  /** A pull request's life: one snapshot a second, each different. */
  const lives = fc
    .array(
      fc.record({
        labels: fc.subarray(['uat', 'uat-staging', 'bug']),
        commit: fc.constantFrom(C1, C2),
        open: fc.boolean(),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((moments) => moments.map((moment, index) => pull(index + 1, moment)));
  const shuffled = lives.chain((life) =>
    fc.record({
      life: fc.constant(life),
      arrivals: fc
        .array(fc.constantFrom(...life), { maxLength: 6 })
        .chain((duplicates) =>
          fc.shuffledSubarray([...life, ...duplicates], { minLength: life.length + duplicates.length }),
        ),
    }),
  );

  /** What is wanted, and of what: fields of an environment that nobody wants do not count. */
  const effect = (record: Desired | undefined) => ({
    sources: record?.sources ?? {},
    answer: record?.wanted ? fields(record) : { wanted: false },
  });

  it('with duplicates, the end is that of the run in order', () => {
    fc.assert(
      fc.property(shuffled, ({ life, arrivals }) => {
        const begun = story(pull(0));
        const inOrder = life.reduce((record, snapshot) => apply(record, snapshot), begun);
        const anyOrder = arrivals.reduce((record, snapshot) => apply(record, snapshot), begun);
        expect(effect(anyOrder)).toEqual(effect(inOrder));
        expect(anyOrder?.wanted).toBe(answer(anyOrder?.sources ?? {}).wanted);
      }),
    );
  });

  it('also from nothing, once the re-reads that were asked for are done', () => {
    fc.assert(
      fc.property(shuffled, ({ life, arrivals }) => {
        const last = life.at(-1);
        if (!last) return;
        const inOrder = life.reduce<Desired | undefined>((record, snapshot) => apply(record, snapshot), undefined);
        let reread = false;
        const anyOrder = arrivals.reduce<Desired | undefined>((record, snapshot) => {
          const merged = merge(record, snapshot);
          reread ||= 'reread' in merged && merged.reread;
          return apply(record, snapshot);
        }, undefined);
        expect(effect(reread ? apply(anyOrder, last) : anyOrder)).toEqual(effect(inOrder));
      }),
    );
  });

  it('a redelivery of the latest snapshot changes nothing, whatever was edited', () => {
    const edits = fc.record(
      { wanted: fc.boolean(), branch: fc.constant('x'), commit: fc.constant(HAND), imageTag: fc.constant('y') },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(lives, edits, (life, edit) => {
        const record = life.reduce<Desired | undefined>((at, snapshot) => apply(at, snapshot), undefined);
        const last = life.at(-1);
        if (!record || !last) return;
        expect(merge({ ...record, ...edit }, last)).toEqual({ kind: 'none' });
      }),
    );
  });
});
