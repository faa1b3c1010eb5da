/**
 * A pull request as GitHub tells it, in webhooks and in answers of the REST API alike. Only the fields that count are
 * looked at; the many others may be anything. What would not make a readable record is refused here.
 */
import { z } from 'zod';
import type { Fault } from './environment.ts';
import { faultsOf } from './faults.ts';
import { COMMIT_PATTERN, isBranchName, REPO_PATTERN } from './record.ts';
import type { PullSnapshot } from './snapshot.ts';

export type ParsedPull =
  | { readonly ok: true; readonly snapshot: PullSnapshot }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const map = { error: 'an object' };
const text = z.string({ error: 'text' });
const id = z.int({ error: 'a whole number' });
const fullName = text.regex(REPO_PATTERN, { error: 'a repository as owner/name' });
const repository = z.object({ id, full_name: fullName }, map);
const branch = text.refine(isBranchName, { error: 'the name of a git branch' });
const commit = text.regex(COMMIT_PATTERN, { error: '40 or 64 hexadecimal digits' });

const pull = z.object(
  {
    number: id,
    state: z.enum(['open', 'closed'], { error: 'open or closed' }),
    draft: z.boolean({ error: 'true or false' }).optional(),
    labels: z.array(z.object({ name: text }, map), { error: 'a list' }),
    /** Null when the account is gone; GitHub shows "ghost" then. */
    user: z.object({ login: text }, map).nullable(),
    head: z.object({ ref: branch, sha: commit, repo: repository.nullable() }, map),
    base: z.object({ repo: repository }, map),
    updated_at: z.iso.datetime({ offset: true, error: 'an ISO time' }),
    closed_at: z.iso.datetime({ offset: true, error: 'an ISO time, or null' }).nullish(),
  },
  map,
);

/** `json` is the pull request itself. Faults name the fields as GitHub does, under `under` when it is given. */
export function parsePull(json: unknown, under = ''): ParsedPull {
  const parsed = pull.safeParse(json);
  if (!parsed.success) return { ok: false, faults: faultsOf(parsed.error, json, { under }) };
  return { ok: true, snapshot: snapshotOf(parsed.data) };
}

function snapshotOf(json: z.infer<typeof pull>): PullSnapshot {
  return {
    repo: json.base.repo.full_name,
    number: json.number,
    open: json.state === 'open',
    draft: json.draft ?? false,
    labels: json.labels.map((label) => label.name),
    author: json.user?.login ?? 'ghost',
    head: {
      repo: json.head.repo?.full_name ?? null,
      repoId: json.head.repo?.id ?? null,
      branch: json.head.ref,
      commit: json.head.sha,
    },
    baseRepoId: json.base.repo.id,
    at: isoOf(json.updated_at),
    ...(typeof json.closed_at === 'string' && { closedAt: isoOf(json.closed_at) }),
  };
}

/** As GitHub writes it, whatever the offset. */
function isoOf(time: string): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}
