/**
 * The environment record between its form in the table (plain values under snake_case names) and the model's types.
 *
 * Desired state is read strictly, since people edit it: all faults are named at once and nothing is guessed. Attributes
 * that Mayfly does not know are tolerated; writers touch only their own attributes, so they stay. `override` is the
 * exception: it is written by people only, and a misspelt name in it would silently do nothing.
 */
import { z } from 'zod';
import type {
  Clash,
  Desired,
  EnvironmentState,
  Override,
  Source,
  SourceKey,
  StoredEnvironment,
} from './environment.ts';
import { faultsOf } from './faults.ts';
import { camelKeys, type SnakeKey, snakeKeys } from './key-case.ts';
import { SESSION_PATTERN } from './names.ts';
import { isReason, type Reason } from './reasons.ts';
import { parseStatus } from './status-record.ts';

/** Plain values by attribute name, as `unmarshall` gives them. */
export type Item = Readonly<Record<string, unknown>>;

/** A schema for each attribute of `Shape`: a member that is added to the type and forgotten here does not compile. */
type SchemaOf<Shape> = Record<SnakeKey<keyof Shape>, z.ZodType>;

const STATES = ['PENDING', 'STARTING', 'RUNNING', 'SLEEPING', 'STOPPING', 'STOPPED', 'FAILED'] as const;

/** `owner/name`. */
export const REPO_PATTERN = /^[\w.-]+\/[\w.-]+$/;
export const COMMIT_PATTERN = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i;

/** `pull/12`, `issues/7`. */
const SOURCE_KEY_PATTERN = /^(?:pull|issues)\/[1-9]\d{0,9}$/;

const text = (pattern: RegExp, allowed: string) => z.string({ error: allowed }).regex(pattern, { error: allowed });
const bool = z.boolean({ error: 'true or false' });
const words = z.string({ error: 'text' });
const count = z.int({ error: 'a whole number from 0' }).min(0, { error: 'a whole number from 0' });

const branch = z.string({ error: 'the name of a git branch' }).refine(isBranchName, {
  error: 'the name of a git branch',
});
const commit = text(COMMIT_PATTERN, '40 or 64 hexadecimal digits').toLowerCase();
const imageTag = text(
  /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|sha256:[0-9a-f]{64})$/,
  'an image tag such as latest, or a digest sha256:…',
);
const time = z.iso.datetime({ offset: true, error: 'an ISO time such as 2026-03-01T18:00:00Z' });

const source = z
  .object(
    {
      wanted: bool,
      branch,
      commit: commit.optional(),
      image_tag: imageTag.optional(),
      author: words,
      trusted: bool,
      refused: z
        .custom<Reason>((value) => typeof value === 'string' && isReason(value), {
          error: 'a reason such as ForkRefused',
        })
        .optional(),
      open: bool,
      agent: bool.optional(),
      at: time,
      closed_at: time.optional(),
    } satisfies SchemaOf<Source>,
    { error: 'a map' },
  )
  .transform(camelKeys);

const clash = z.object({ branch, open: bool } satisfies SchemaOf<Clash>, { error: 'a map' });

const sourceKey = z.custom<SourceKey>((key) => typeof key === 'string' && SOURCE_KEY_PATTERN.test(key), {
  error: 'pull/N or issues/N',
});

const OVERRIDE = {
  wanted: bool.optional(),
  branch: branch.optional(),
  commit: commit.optional(),
  image_tag: imageTag.optional(),
  env: z
    .record(text(/^[A-Za-z_]\w*$/, 'the name of a variable'), words, { error: invalidMap('the name of a variable') })
    .optional(),
  keep: bool.optional(),
  paused: bool.optional(),
  reason: words.optional(),
  by: words.optional(),
  until: time.optional(),
} satisfies SchemaOf<Override>;

const override = z
  .strictObject(OVERRIDE, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `one of ${Object.keys(OVERRIDE).join(', ')}` : 'a map'),
  })
  .transform(camelKeys);

const desired = z
  .object({
    session_id: text(SESSION_PATTERN, 'at most 50 lower case letters, digits and inner hyphens'),
    project: text(/^.+$/s, 'the name of a project in mayfly.yaml'),
    repo: text(REPO_PATTERN, 'a repository as owner/name'),
    repo_id: z.int({ error: "GitHub's numeric id of the repository" }).optional(),
    branch,
    commit: commit.optional(),
    image_tag: imageTag.optional(),
    wanted: bool,
    sources: z.record(sourceKey, source, { error: invalidMap('pull/N or issues/N') }).default({}),
    clashes: z.record(sourceKey, clash, { error: invalidMap('pull/N or issues/N') }).optional(),
    intake_rev: count.default(0),
    override: override.optional(),
    visited_at: time.optional(),
  } satisfies SchemaOf<Desired>)
  .transform(camelKeys);

function invalidMap(names: string): (issue: { code?: string | undefined }) => string {
  return (issue) => (issue.code === 'invalid_key' ? names : 'a map');
}

/** Reads one item. Never throws; what is wrong with desired state is said fault by fault. */
export function parseItem(item: Item): StoredEnvironment {
  const parsed = desired.safeParse(item);
  const rest = {
    sessionId: String(item['session_id']),
    status: parseStatus(item['status']),
    state: STATES.find((state) => state === item['state']) satisfies EnvironmentState | undefined,
    expiresAt: typeof item['expires_at'] === 'number' ? item['expires_at'] : undefined,
  };
  if (!parsed.success) return { ...rest, ok: false, faults: faultsOf(parsed.error, item, { isPrivate }) };
  return { ...rest, ok: true, desired: parsed.data };
}

/** Variables may hold what is not for everybody, also when somebody put them where a map belongs. */
function isPrivate([first, second]: readonly string[]): boolean {
  return first === 'override' && (second === undefined || second === 'env');
}

/** Every attribute of a new record. */
export function encodeDesired(value: Desired): Record<string, unknown> {
  return snakeKeys({
    ...value,
    sources: encodeSources(value.sources),
    override: value.override && snakeKeys(value.override),
  });
}

export function encodeSources(sources: Desired['sources']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(sources).flatMap(([key, value]) => (value ? [[key, snakeKeys(value)]] : [])),
  );
}

/** git-check-ref-format's rules. A name that starts with a hyphen is refused too: it could pass for an option. */
export function isBranchName(name: string): boolean {
  if (name === '' || name === '@' || name.length > 255) return false;
  // biome-ignore format: one alternative after the other reads better
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what git forbids
  if (/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^[/-]|[/.]$/.test(name)) return false;
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'));
}
