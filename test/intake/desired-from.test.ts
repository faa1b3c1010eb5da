import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { desiredFrom } from '../../src/intake/desired-from.ts';
import { SESSION_PATTERN } from '../../src/model/names.ts';
import { C1, PROJECT, pull } from './fixtures.ts';

describe('what a pull request asks for', () => {
  it('is an environment while it is open and has a trigger label', () => {
    expect(desiredFrom(pull(1), PROJECT)).toEqual({
      sessionId: 'tt-feature',
      sourceKey: 'pull/12',
      repo: 'acme/todo',
      repoId: 7,
      project: 'todo',
      source: {
        wanted: true,
        branch: 'feature',
        commit: C1,
        imageTag: 'latest',
        author: 'ada',
        trusted: true,
        open: true,
        at: '2026-01-09T00:00:01Z',
      },
    });
  });

  it.each([
    ['no label', [], false, undefined, undefined],
    ['another label', ['bug'], false, undefined, undefined],
    ['its label in another case', ['UAT'], true, 'latest', undefined],
    ['the second label', ['uat-staging'], true, 'staging', undefined],
    ['two labels: the order of the configuration counts', ['uat-staging', 'uat'], true, 'latest', undefined],
    ['the label of an agent', ['claude-dev'], true, 'latest', true],
    ['an agent after another', ['claude-dev', 'uat-staging'], true, 'staging', undefined],
  ])('with %s', (_name, labels, wanted, imageTag, agent) => {
    const { source } = desiredFrom(pull(1, { labels }), PROJECT);
    expect({ wanted: source.wanted, imageTag: source.imageTag, agent: source.agent }).toEqual({
      wanted,
      imageTag,
      agent,
    });
  });

  it('is nothing once it is closed', () => {
    const { source } = desiredFrom(pull(1, { open: false }), PROJECT);
    expect(source).toMatchObject({ wanted: false, open: false, branch: 'feature', commit: C1 });
    expect(source.imageTag).toBeUndefined();
  });

  it('is refused for a fork, which gets a session id of its own', () => {
    const ask = desiredFrom(pull(1, { fork: true }), PROJECT);
    expect(ask).toMatchObject({ repo: 'eve/todo', repoId: 8 });
    expect(ask.source).toMatchObject({ wanted: false, trusted: false, refused: 'ForkRefused', open: true });
    expect(ask.sessionId).toMatch(/^tt-feature-[0-9a-f]{8}$/);
  });

  it('is not worth refusing when a fork asks for nothing', () => {
    for (const options of [{ labels: [] }, { open: false }]) {
      const { source } = desiredFrom(pull(1, { fork: true, ...options }), PROJECT);
      expect(source.refused).toBeUndefined();
      expect(source.trusted).toBe(false);
    }
  });

  it('is refused for a fork that was deleted, apart from every other', () => {
    const deleted = (number: number) => {
      const snapshot = pull(1, { number });
      return desiredFrom({ ...snapshot, head: { ...snapshot.head, repo: null, repoId: null } }, PROJECT);
    };
    expect(deleted(12).source).toMatchObject({ wanted: false, trusted: false, refused: 'ForkRefused' });
    expect(deleted(12).sessionId).not.toBe(deleted(13).sessionId);
    expect(deleted(12).sessionId).not.toBe('tt-feature');
  });

  it('never wants untrusted code, and always has a valid session id', () => {
    const snapshots = fc.record({
      branch: fc.string({ minLength: 1, unit: 'grapheme' }),
      fork: fc.boolean(),
      open: fc.boolean(),
      labels: fc.subarray(['uat', 'uat-staging', 'claude-dev', 'bug']),
    });
    fc.assert(
      fc.property(snapshots, (options) => {
        const { source, sessionId } = desiredFrom(pull(1, options), PROJECT);
        expect(source.wanted && !source.trusted).toBe(false);
        expect(sessionId).toMatch(SESSION_PATTERN);
      }),
    );
  });
});
