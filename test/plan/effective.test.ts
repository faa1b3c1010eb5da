/** What is wanted in effect, row by row. */
import { describe, expect, it, test } from 'vitest';
import type { Desired, Override, Source } from '../../src/model/environment.ts';
import { commitOf, type Effective, effective, type EffectiveInput } from '../../src/plan/effective.ts';
import { COMMIT, desired, NEWER, NOW, project } from './world.ts';

const HEAD = 'c'.repeat(40);
const source = (change: Partial<Source> = {}): Source => ({
  wanted: true,
  branch: 'topic',
  commit: COMMIT,
  author: 'ada',
  trusted: true,
  open: true,
  at: '2026-05-01T10:00:00Z',
  ...change,
});
const at = (ms: number): string => new Date(NOW + ms).toISOString();

type Row = [name: string, desired: Partial<Desired>, head: EffectiveInput['head'], expected: Partial<Effective>];
const of = (change: Partial<Desired>, head?: EffectiveInput['head']): Effective =>
  effective({ desired: { ...desired, ...change }, project, head, now: NOW });
const over = (override: Override): Partial<Desired> => ({ override });
const topicHead = { branch: 'topic', commit: HEAD, at: at(0) };

// biome-ignore format: a drawn table reads by rows
const rows: Row[] = [
  ['plain attributes', {}, undefined, { wanted: true, branch: 'topic', commit: COMMIT, imageTag: 'latest', env: {}, paused: false, pullNumber: undefined }],
  ['not wanted', { wanted: false }, undefined, { wanted: false }],
  ['no tag: the default one of the project', { imageTag: undefined }, undefined, { imageTag: 'latest' }],
  ['no commit', { commit: undefined }, undefined, { commit: undefined }],
  ['no commit, head known', { commit: undefined }, topicHead, { commit: HEAD }],
  ['no commit, head of another branch', { commit: undefined }, { ...topicHead, branch: 'main' }, { commit: undefined }],
  ['no commit, head observed', { commit: undefined }, { ok: true, branch: 'topic', commit: HEAD }, { commit: HEAD }],
  ['no commit, head unknown', { commit: undefined }, { ok: false, reason: 'BranchNotFound', message: '' }, { commit: undefined }],
  ['a commit is stronger than a head', {}, topicHead, { commit: COMMIT }],
  ['override of each field', over({ wanted: false, branch: 'main', commit: NEWER, imageTag: 'staging', env: { A: '1' }, paused: true }), undefined, { wanted: false, branch: 'main', commit: NEWER, imageTag: 'staging', env: { A: '1' }, paused: true }],
  ['override of one field leaves the others', over({ imageTag: 'staging' }), undefined, { wanted: true, branch: 'topic', commit: COMMIT, imageTag: 'staging' }],
  ['override that still holds', over({ wanted: false, until: at(1) }), undefined, { wanted: false }],
  ['override at its end', over({ wanted: false, until: at(0) }), undefined, { wanted: true }],
  ['override past its end', over({ paused: true, until: at(-1) }), undefined, { paused: false }],
  ['override that wants what nobody else does', { wanted: false, ...over({ wanted: true }) }, undefined, { wanted: true }],
  ['override of the branch, commit of another branch', { sources: { 'pull/1': source() }, ...over({ branch: 'main' }) }, { ...topicHead, branch: 'main' }, { branch: 'main', commit: HEAD }],
  ['override of the branch, commit by hand', over({ branch: 'main' }), undefined, { branch: 'main', commit: COMMIT }],
  ['number of the pull request', { sources: { 'issues/3': source(), 'pull/12': source() } }, undefined, { pullNumber: 12 }],
  ['number of the pull request that wants it', { sources: { 'pull/1': source({ wanted: false }), 'pull/2': source() } }, undefined, { pullNumber: 2 }],
  ['number of one that no longer wants it', { sources: { 'pull/1': source({ wanted: false }) } }, undefined, { pullNumber: 1 }],
  ['issues have no such number', { sources: { 'issues/3': source() } }, undefined, { pullNumber: undefined }],
];

test.each(rows)('%s', (_name, change, head, expected) => {
  expect(of(change, head)).toMatchObject(expected);
});

describe('the commit of a record', () => {
  it('belongs to the branch that some source named it with', () => {
    const both = { 'pull/1': source({ branch: 'main' }), 'pull/2': source() } as const;
    expect(commitOf({ ...desired, sources: both }, 'topic')).toBe(COMMIT);
    expect(commitOf({ ...desired, sources: both }, 'main')).toBe(COMMIT);
    expect(commitOf({ ...desired, sources: both }, 'other')).toBeUndefined();
  });

  it('that no source named was written by a person, and holds for any branch', () => {
    expect(commitOf({ ...desired, sources: { 'pull/1': source({ commit: NEWER }) } }, 'other')).toBe(COMMIT);
  });
});
