import { describe, expect, it } from 'vitest';
import { correctedPulls, knownPulls } from '../../src/intake/known-pulls.ts';
import { type Desired, EMPTY_STATUS, type Source, type StoredEnvironment } from '../../src/model/environment.ts';
import { C1, PROJECT } from './fixtures.ts';

const SOURCE: Source = {
  wanted: true,
  branch: 'feature',
  commit: C1,
  author: 'ada',
  trusted: true,
  open: true,
  at: '2026-01-09T00:00:00Z',
};
const PROJECTS = [PROJECT, { ...PROJECT, name: 'other', repo: 'Acme/Other' }];

function record(sessionId: string, sources: Desired['sources'], project = 'todo'): StoredEnvironment {
  const desired = { sessionId, project, repo: 'eve/fork', branch: 'feature', wanted: true, sources, intakeRev: 1 };
  return { sessionId, ok: true, desired, status: EMPTY_STATUS };
}

const invalid = (sessionId: string): StoredEnvironment => ({ sessionId, ok: false, faults: [], status: EMPTY_STATUS });

describe('the pull requests that records know', () => {
  it('are the open ones, of the repository of the project, whether they want something or not', () => {
    const records = [
      record('tt-a', {
        'pull/1': SOURCE,
        'pull/2': { ...SOURCE, open: false },
        'pull/3': { ...SOURCE, wanted: false },
      }),
      record('tt-b', { 'pull/4': SOURCE, 'issues/5': SOURCE }, 'other'),
      record('tt-by-hand', {}),
    ];
    expect(knownPulls(records, PROJECTS)).toEqual([
      { repo: 'acme/todo', number: 1 },
      { repo: 'acme/todo', number: 3 },
      { repo: 'Acme/Other', number: 4 },
    ]);
  });

  it('are also those that found the name taken', () => {
    const holder = record('tt-a', { 'pull/1': SOURCE });
    const clashes = { 'pull/2': { branch: 'x', open: true }, 'pull/3': { branch: 'y', open: false } };
    const records = holder.ok ? [{ ...holder, desired: { ...holder.desired, clashes } }] : [];
    expect(knownPulls(records, PROJECTS).map(({ number }) => number)).toEqual([1, 2]);
  });

  it('are each named once, also of a repository with two projects', () => {
    const records = [record('tt-a', { 'pull/1': SOURCE }), record('xx-a', { 'pull/1': SOURCE }, 'second')];
    const projects = [PROJECT, { ...PROJECT, name: 'second', repo: 'ACME/todo', prefix: 'xx' }];
    expect(knownPulls(records, projects)).toHaveLength(1);
  });

  it('are unknown where record or project is', () => {
    expect(knownPulls([invalid('tt-a'), record('tt-b', { 'pull/1': SOURCE }, 'nobody')], PROJECTS)).toEqual([]);
  });
});

describe('the pull requests of a record that was corrected', () => {
  it('are named once it is understood again', () => {
    const well = record('tt-a', { 'pull/1': SOURCE });
    const other = record('tt-b', { 'pull/2': SOURCE });
    expect(correctedPulls([invalid('tt-a'), other], [well, other], PROJECTS)).toEqual([
      { repo: 'acme/todo', number: 1 },
    ]);
    expect(correctedPulls([well, other], [well, other], PROJECTS)).toEqual([]);
    expect(correctedPulls([invalid('tt-a')], [invalid('tt-a')], PROJECTS)).toEqual([]);
    expect(correctedPulls([], [well], PROJECTS)).toEqual([]);
  });
});
