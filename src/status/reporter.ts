/**
 * Keeps one comment on each pull request and issue that asks for an environment (DESIGN §7). Level-triggered: it is told
 * what the comments should say, compares by hash, and writes what differs. Never throws for what GitHub answers: the
 * outcome carries a condition. A comment that a person deleted or edited is made anew when its text changes next, not
 * before: what is unchanged is not looked at.
 */
import type { GitHubPort } from '../github/port.ts';
import { GitHubError } from '../github/port.ts';
import type { Condition } from '../model/conditions.ts';
import { canonical, digest } from '../model/digest.ts';
import type { CommentRef, Desired, SourceKey, Status } from '../model/environment.ts';
import { commentMarker } from '../model/names.ts';
import type { Reason } from '../model/reasons.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { renderComment } from './comment.ts';
import { makeCertainty, UNSURE } from './certainty.ts';
import { withoutProgress } from './job-line.ts';
import { makePace } from './pace.ts';
import type { EnvironmentView } from './view.ts';

/** How long a comment that GitHub refused is not tried again, unless its text changes. */
const REFUSED_PAUSE_MS = 300_000;
const UNAVAILABLE_PAUSE_MS = 15_000;
const MOST_PAUSES = 10_000;

const OUTCOMES = ['created', 'updated', 'unchanged', 'failed'] as const;
type CommentOutcome = (typeof OUTCOMES)[number];

export interface ReportOutcome {
  /** The comments as they are now, for the record. */
  readonly comments: Status['comments'];
  /** For the condition `Reported`. */
  readonly condition: Omit<Condition, 'since'>;
  /** When to come back, where something is left to do; in ms. */
  readonly retryAfterMs?: number | undefined;
}

export interface Reporter {
  /**
   * `sources` and `comments` as in the record; comments are written in the project's base repository. Rejects with what
   * `intend` throws, and with what GitHub's port throws besides `GitHubError`.
   */
  report(
    view: EnvironmentView,
    sources: Desired['sources'],
    comments: Status['comments'],
    intend: Intend,
  ): Promise<ReportOutcome>;
}

/** Puts into the record that this comment is about to be edited; see certainty.ts. The edit waits for it. */
export type Intend = (key: SourceKey, ref: CommentRef) => Promise<void>;

export interface ReporterOptions {
  readonly github: GitHubPort;
  readonly installation: string;
  /** Where people see GitHub, e.g. `https://github.com`. */
  readonly webUrl: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

interface Failed {
  readonly reason: Reason;
  readonly message: string;
  /** Monotonic time before which the same text is not tried again. */
  readonly until: number;
  readonly core: string;
}

/** One comment to keep: where it stands, what it should say, and what is known of it. */
interface Task {
  readonly id: string;
  readonly repo: string;
  readonly key: SourceKey;
  readonly marker: string;
  readonly body: string;
  readonly hash: string;
  /** Hash of what it says besides progress. */
  core(): string;
  readonly known: CommentRef | undefined;
  /** Called before the comment of this id is edited. */
  begin(commentId: number): Promise<void>;
}

export function makeReporter(options: ReporterOptions): Reporter {
  const { clock, logger, metrics, github } = options;
  for (const outcome of OUTCOMES) metrics.comments.inc({ outcome }, 0);
  /** Refusals and pauses, so that a settled environment does not ask GitHub again on every pass. Gone on restart. */
  const pauses = new Map<string, Failed>();
  const certainty = makeCertainty(clock);
  const pace = makePace(clock);

  const attempt = async (session: string, task: Task): Promise<CommentRef | Failed> => {
    const { id } = task;
    const paused = pauses.get(id);
    if (paused && paused.until > clock.monotonic() && stillHolds(paused, task)) return paused;
    pauses.delete(id);
    try {
      const { ref, outcome } = await write(github, task);
      metrics.comments.inc({ outcome });
      if (outcome !== 'unchanged') pace.wrote(id, task.core());
      certainty.wrote(id, ref);
      return ref;
    } catch (error) {
      if (!(error instanceof GitHubError)) throw error;
      const failed = failureOf(error, task.core(), clock.monotonic());
      metrics.comments.inc({ outcome: 'failed' });
      logger.warn({ session, source: task.key, kind: error.kind }, `comment not written: ${error.message}`);
      // Entries of environments that are gone are never asked for again.
      if (pauses.size >= MOST_PAUSES) pauses.clear();
      pauses.set(id, failed);
      if (error.kind === 'unavailable') certainty.doubt(id);
      return failed;
    }
  };

  return {
    async report(view, sources, comments, intend) {
      const { baseRepo } = view;
      const keys = keysToReport(sources, comments, view.clashes);
      if (baseRepo === undefined) return homeless(view, keys, comments);
      const kept: Partial<Record<SourceKey, CommentRef>> = { ...comments };
      const failures: Failed[] = [];
      const waits: number[] = [];
      for (const key of keys) {
        const id = `${view.sessionId} ${key}`;
        const begin = async (commentId: number): Promise<void> => {
          const ref: CommentRef = { id: commentId, hash: UNSURE };
          if (canonical(kept[key]) !== canonical(ref)) await intend(key, ref);
          kept[key] = ref;
          certainty.begun(id, commentId);
        };
        const known = certainty.believed(id, comments[key]);
        const task: Task = { ...textOf(options, view, key), id, repo: baseRepo, key, known, begin };
        const wait = task.known && task.known.hash !== task.hash ? pace.left(id, task.core()) : 0;
        if (wait > 0) {
          waits.push(wait);
          continue;
        }
        const doubt = certainty.doubtMs(id);
        if (doubt) waits.push(doubt);
        const result = await attempt(view.sessionId, task);
        if ('id' in result) kept[key] = certainty.toRecord(id, result);
        else failures.push(result);
      }
      const { condition, retryAfterMs } = conditionOf(failures, keys.length, clock.monotonic());
      return { comments: kept, condition, retryAfterMs: soonest([...waits, retryAfterMs]) };
    },
  };
}

/**
 * Open sources that ask, or asked and were refused or found the name taken; and everything that already has a comment, so that its last word is
 * true. A closed pull request gets no new comment.
 */
function keysToReport(
  sources: Desired['sources'],
  comments: Status['comments'],
  clashes: EnvironmentView['clashes'],
): readonly SourceKey[] {
  const keys = new Set([...Object.keys(sources), ...Object.keys(comments), ...Object.keys(clashes)] as SourceKey[]);
  return [...keys].filter((key) => {
    const source = sources[key];
    if (clashes[key]?.open) return true;
    return comments[key] !== undefined || source?.refused !== undefined || (source?.open && source.wanted);
  });
}

function textOf(
  { installation, webUrl }: ReporterOptions,
  view: EnvironmentView,
  key: SourceKey,
): Pick<Task, 'marker' | 'body' | 'hash' | 'core'> {
  const marker = commentMarker(installation, view.sessionId);
  const bodyOf = (shown: EnvironmentView): string => renderComment(shown, { marker, webUrl, source: key });
  const body = bodyOf(view);
  const core = (): string => digest(bodyOf(withoutProgress(view)), 16);
  return { marker, body, hash: digest(body, 16), core };
}

function soonest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.ceil(Math.min(...known)) : undefined;
}

/** A pause that GitHub asked for holds for any text; a refusal only for the text that was refused, progress aside. */
function stillHolds(failed: Failed, task: Task): boolean {
  return failed.reason === 'GitHubUnavailable' || failed.core === task.core();
}

async function write(github: GitHubPort, task: Task): Promise<{ ref: CommentRef; outcome: CommentOutcome }> {
  const { repo, body, hash, known } = task;
  if (known?.hash === hash) return { ref: known, outcome: 'unchanged' };
  if (known && (await updated(github, task, known.id, ['not-found']))) {
    return { ref: { id: known.id, hash }, outcome: 'updated' };
  }
  const number = Number(task.key.slice(task.key.indexOf('/') + 1));
  const found = await github.findComment(repo, number, task.marker);
  if (found?.body === body) return { ref: { id: found.id, hash }, outcome: 'unchanged' };
  // Somebody else may have written the marker: a comment that is not ours to edit is left alone.
  if (found && (await updated(github, task, found.id, ['not-found', 'refused']))) {
    return { ref: { id: found.id, hash }, outcome: 'updated' };
  }
  const created = await github.createComment(repo, number, body);
  return { ref: { id: created.id, hash }, outcome: 'created' };
}

/** False when the update failed in one of the ways that leave another way open. */
async function updated(
  github: GitHubPort,
  { repo, body, begin }: Task,
  id: number,
  tolerated: readonly GitHubError['kind'][],
): Promise<boolean> {
  await begin(id);
  try {
    await github.updateComment(repo, id, body);
    return true;
  } catch (error) {
    if (error instanceof GitHubError && tolerated.includes(error.kind)) return false;
    throw error;
  }
}

function failureOf(error: GitHubError, core: string, now: number): Failed {
  const refused = error.kind === 'refused' || error.kind === 'not-found';
  const pause = refused ? REFUSED_PAUSE_MS : (error.retryAfterMs ?? UNAVAILABLE_PAUSE_MS);
  const reason = refused ? 'ReportRefused' : 'GitHubUnavailable';
  return { reason, message: error.message, until: now + pause, core };
}

function conditionOf(failures: readonly Failed[], count: number, now: number): Omit<ReportOutcome, 'comments'> {
  const first = failures.find(({ reason }) => reason === 'ReportRefused') ?? failures[0];
  if (!first) {
    const message = count === 0 ? 'No pull request or issue to comment on.' : 'The comment is up to date.';
    return { condition: { status: 'True', reason: 'Reported', message } };
  }
  const soonest = Math.min(...failures.map(({ until }) => until));
  return {
    condition: { status: 'False', reason: first.reason, message: first.message },
    retryAfterMs: Math.max(1000, Math.ceil(soonest - now)),
  };
}

/** Without a project there is no repository to comment in. */
function homeless(
  { project, faults }: EnvironmentView,
  keys: readonly SourceKey[],
  comments: Status['comments'],
): ReportOutcome {
  if (keys.length === 0) return { comments, ...conditionOf([], 0, 0) };
  const condition =
    faults.length > 0
      ? { reason: 'InvalidRecord' as const, message: 'The record does not tell the repository to comment in.' }
      : { reason: 'UnknownProject' as const, message: `No project "${project}" tells the repository to comment in.` };
  return { comments, condition: { status: 'False', ...condition } };
}
