import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { parseEvent } from '../../src/intake/payload.ts';
import { faultText } from '../../src/model/faults.ts';
import { parsePull } from '../../src/model/pull-payload.ts';

interface Examples {
  readonly name: string;
  readonly examples: readonly Record<string, unknown>[];
}
const EXAMPLES = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Examples[];
const examplesOf = (name: string) => EXAMPLES.find((event) => event.name === name)?.examples ?? [];

const REPOSITORY = { id: 7, full_name: 'acme/todo' };
const PULL = {
  number: 12,
  state: 'open',
  draft: true,
  labels: [{ name: 'uat', color: 'fff' }],
  user: { login: 'ada' },
  head: { ref: 'feature', sha: 'a'.repeat(40), repo: REPOSITORY },
  base: { ref: 'main', repo: REPOSITORY },
  updated_at: '2026-01-01T12:00:00+02:00',
};

describe('a pull request', () => {
  it('becomes a snapshot', () => {
    expect(parsePull(PULL)).toEqual({
      ok: true,
      snapshot: {
        repo: 'acme/todo',
        number: 12,
        open: true,
        draft: true,
        labels: ['uat'],
        author: 'ada',
        head: { repo: 'acme/todo', repoId: 7, branch: 'feature', commit: 'a'.repeat(40) },
        baseRepoId: 7,
        at: '2026-01-01T10:00:00Z',
      },
    });
  });

  it('may come from an account and a fork that are gone', () => {
    const parsed = parsePull({ ...PULL, user: null, head: { ...PULL.head, repo: null } });
    expect(parsed.ok && parsed.snapshot).toMatchObject({ author: 'ghost', head: { repo: null, repoId: null } });
  });

  it('is refused with every field that is wrong', () => {
    const wrong = { ...PULL, state: 'merged', labels: [{}], head: { ref: '-x', sha: 'main' }, updated_at: undefined };
    const parsed = parsePull(wrong, 'pull_request');
    expect(parsed.ok || parsed.faults.map(faultText)).toEqual([
      'pull_request.state: found the text "merged", allowed: open or closed',
      'pull_request.labels.0.name: found nothing, allowed: text',
      'pull_request.head.ref: found the text "-x", allowed: the name of a git branch',
      'pull_request.head.sha: found the text "main", allowed: 40 or 64 hexadecimal digits',
      'pull_request.head.repo: found nothing, allowed: an object',
      'pull_request.updated_at: found nothing, allowed: an ISO time',
    ]);
  });

  it.each([undefined, null, 'x', 5, []])('is not %j', (json) => {
    expect(parsePull(json).ok).toBe(false);
  });
});

describe('an event', () => {
  it.each(['ping', 'pull_request', 'issue_comment', 'issues', 'push', 'delete'])(
    "is understood in every example of GitHub's: %s",
    (name) => {
      const examples = examplesOf(name);
      expect(examples.length).toBeGreaterThan(3);
      for (const example of examples) expect(parseEvent(name, example)).toMatchObject({ ok: true });
    },
  );

  it('is unknown when nothing is made of it, whatever its name', () => {
    for (const name of ['star', 'toString', '__proto__', ''])
      expect(parseEvent(name, {})).toEqual({ ok: true, event: { kind: 'unknown' } });
  });

  it.each([
    ['pull_request', {}, 'pull_request: found nothing, allowed: an object'],
    ['pull_request', null, 'pull_request: found nothing, allowed: an object'],
    ['push', { ref: 'refs/heads/x' }, 'repository: found nothing, allowed: an object'],
    ['delete', { repository: REPOSITORY, ref: 'x' }, 'ref_type: found nothing, allowed: text'],
    ['issue_comment', { repository: REPOSITORY, issue: {} }, 'issue.number: found nothing, allowed: a whole number'],
  ])('%s %j is refused', (name, body, fault) => {
    const parsed = parseEvent(name, body);
    expect(parsed.ok || parsed.faults.map(faultText)).toEqual([fault]);
  });

  it('names a branch, and none for a tag', () => {
    const branchOf = (name: string, body: object) => {
      const parsed = parseEvent(name, { repository: REPOSITORY, ...body });
      return parsed.ok && 'branch' in parsed.event ? parsed.event.branch : undefined;
    };
    expect(branchOf('push', { ref: 'refs/heads/a/b' })).toBe('a/b');
    expect(branchOf('push', { ref: 'refs/tags/v1' })).toBeUndefined();
    expect(branchOf('delete', { ref: 'a/b', ref_type: 'branch' })).toBe('a/b');
    expect(branchOf('delete', { ref: 'v1', ref_type: 'tag' })).toBeUndefined();
  });

  it('tells a comment on a pull request from one on an issue', () => {
    const onPull = (issue: object) =>
      parseEvent('issue_comment', { repository: REPOSITORY, issue: { number: 3, ...issue } });
    expect(onPull({ pull_request: { url: 'x' } })).toMatchObject({ event: { number: 3, onPull: true } });
    expect(onPull({})).toMatchObject({ event: { onPull: false } });
    expect(onPull({ pull_request: null })).toMatchObject({ event: { onPull: false } });
  });
});
