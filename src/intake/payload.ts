/** Webhook bodies, as far as intake looks at them. Which action an event tells of is not looked at (DESIGN §5). */
import { z } from 'zod';
import type { Fault } from '../model/environment.ts';
import { faultsOf } from '../model/faults.ts';
import { isOwnComment } from '../model/names.ts';
import { parsePull } from '../model/pull-payload.ts';
import type { PullSnapshot } from '../model/snapshot.ts';

export type IntakeEvent =
  | { readonly kind: 'ping' }
  | { readonly kind: 'pull'; readonly snapshot: PullSnapshot }
  /** On a pull request or an issue. */
  | {
      readonly kind: 'comment';
      readonly repo: string;
      readonly number: number;
      readonly onPull: boolean;
      /** Mayfly's own, which tells Mayfly nothing. */
      readonly own: boolean;
    }
  | { readonly kind: 'issue'; readonly repo: string; readonly number: number }
  /** `branch` is absent for a tag. */
  | {
      readonly kind: 'push' | 'delete';
      readonly repo: string;
      readonly repoId: number;
      readonly branch?: string | undefined;
    }
  | { readonly kind: 'unknown' };

export type ParsedEvent =
  | { readonly ok: true; readonly event: IntakeEvent }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const map = { error: 'an object' };
const text = z.string({ error: 'text' });
const id = z.int({ error: 'a whole number' });
const repository = z.object({ id, full_name: text }, map);
const issue = z.object({ number: id, pull_request: z.unknown().optional() }, map);

/** GitHub always sends it; nothing is lost without. */
const comment = z
  .object({ body: z.string().nullish().catch(null) })
  .optional()
  .catch(undefined);

const SCHEMAS = {
  issue_comment: z.object({ repository, issue, comment }, map).transform(
    (body): IntakeEvent => ({
      kind: 'comment',
      repo: body.repository.full_name,
      number: body.issue.number,
      onPull: body.issue.pull_request !== undefined && body.issue.pull_request !== null,
      own: isOwnComment(body.comment?.body ?? ''),
    }),
  ),
  issues: z
    .object({ repository, issue }, map)
    .transform((body): IntakeEvent => ({ kind: 'issue', repo: body.repository.full_name, number: body.issue.number })),
  push: z.object({ repository, ref: text }, map).transform(
    (body): IntakeEvent => ({
      kind: 'push',
      ...repoOf(body.repository),
      branch: body.ref.startsWith('refs/heads/') ? body.ref.slice('refs/heads/'.length) : undefined,
    }),
  ),
  delete: z.object({ repository, ref: text, ref_type: text }, map).transform(
    (body): IntakeEvent => ({
      kind: 'delete',
      ...repoOf(body.repository),
      branch: body.ref_type === 'branch' ? body.ref : undefined,
    }),
  ),
} as const satisfies Record<string, z.ZodType<IntakeEvent>>;

/** `name` is the X-GitHub-Event header. Faults name the fields as GitHub does. */
export function parseEvent(name: string, body: unknown): ParsedEvent {
  if (name === 'ping') return { ok: true, event: { kind: 'ping' } };
  if (name === 'pull_request') return parsePullEvent(body);
  if (!isKnown(name)) return { ok: true, event: { kind: 'unknown' } };
  const parsed = SCHEMAS[name].safeParse(body);
  return parsed.success ? { ok: true, event: parsed.data } : { ok: false, faults: faultsOf(parsed.error, body) };
}

function parsePullEvent(body: unknown): ParsedEvent {
  const json: unknown =
    typeof body === 'object' && body !== null && 'pull_request' in body ? body.pull_request : undefined;
  const parsed = parsePull(json, 'pull_request');
  return parsed.ok ? { ok: true, event: { kind: 'pull', snapshot: parsed.snapshot } } : parsed;
}

function isKnown(name: string): name is keyof typeof SCHEMAS {
  return Object.hasOwn(SCHEMAS, name);
}

function repoOf(json: z.infer<typeof repository>): { repo: string; repoId: number } {
  return { repo: json.full_name, repoId: json.id };
}
