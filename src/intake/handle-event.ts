/** One event of GitHub's: intent written where it carries a snapshot, a re-read where it only says that something moved. */
import type { SourceKey } from '../model/environment.ts';
import { faultText } from '../model/faults.ts';
import { sessionId } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import type { PullSnapshot } from '../model/snapshot.ts';
import type { Clock } from '../runtime/clock.ts';
import type { EnvironmentStore } from '../store/port.ts';
import { type AskOutcome, applyAsk } from './apply-ask.ts';
import { desiredFrom } from './desired-from.ts';
import type { IntakeEvent } from './payload.ts';
import type { WebhookReason } from './webhook-reasons.ts';

/** Reads the pull request again and applies what it says then. `repo` is the base repository. */
export type Reread = (repo: string, number: number) => void | Promise<void>;

export interface EventContext {
  readonly projects: readonly Project[];
  readonly store: EnvironmentStore;
  readonly clock: Clock;
  readonly reread: Reread;
}

export interface SessionResult {
  readonly session: string;
  readonly reason: WebhookReason;
  /** For people. */
  readonly message?: string | undefined;
}

export interface Handled {
  readonly reason: WebhookReason;
  /** What became of each environment that the event is about. */
  readonly sessions: readonly SessionResult[];
  /** Work that the answer does not wait for. */
  readonly afterwards?: (() => Promise<void>) | undefined;
}

/** Resolves once everything that the event asks for is committed. Throws `StoreError`. */
export async function handleEvent(context: EventContext, event: IntakeEvent): Promise<Handled> {
  if (event.kind === 'ping') return { reason: 'ping', sessions: [] };
  if (event.kind === 'unknown') return { reason: 'unknown-event', sessions: [] };
  const repo = event.kind === 'pull' ? event.snapshot.repo : event.repo;
  const projects = context.projects.filter((project) => project.repo.toLowerCase() === repo.toLowerCase());
  if (projects.length === 0) return { reason: 'unknown-repository', sessions: [] };
  switch (event.kind) {
    case 'pull':
      return handlePull(context, event.snapshot, projects);
    case 'comment':
      return {
        reason: 'comment',
        sessions: [],
        ...(event.onPull && !event.own && { afterwards: async () => context.reread(event.repo, event.number) }),
      };
    case 'issue':
      return { reason: 'issue', sessions: [] };
    case 'push':
    case 'delete':
      return { reason: event.kind, sessions: [], afterwards: () => rereadBranch(context, event, projects) };
  }
}

async function handlePull(
  context: EventContext,
  snapshot: PullSnapshot,
  projects: readonly Project[],
): Promise<Handled> {
  const outcomes: AskOutcome[] = [];
  for (const project of projects)
    outcomes.push(await applyAsk(context.store, desiredFrom(snapshot, project), context.clock.now()));
  const sessions = outcomes.map(resultOf);
  const reread = outcomes.some((outcome) => 'reread' in outcome && outcome.reread);
  return {
    reason: summary(sessions),
    sessions,
    ...(reread && { afterwards: async () => context.reread(snapshot.repo, snapshot.number) }),
  };
}

function resultOf(outcome: AskOutcome): SessionResult {
  const result = { session: outcome.sessionId, reason: outcome.kind };
  if (outcome.kind === 'name-taken') {
    const { repo, branch } = outcome.holder;
    return { ...result, message: `The session id belongs to branch ${branch} of ${repo}. Rename the branch.` };
  }
  if (outcome.kind === 'invalid-record') return { ...result, message: outcome.faults.map(faultText).join('; ') };
  return result;
}

/** What most needs telling first. */
const TELLING: readonly WebhookReason[] = ['name-taken', 'invalid-record', 'created', 'updated', 'older'];

function summary(sessions: readonly SessionResult[]): WebhookReason {
  return TELLING.find((reason) => sessions.some((session) => session.reason === reason)) ?? 'unchanged';
}

/** Re-reads the open pull requests that the records of this branch know of. */
async function rereadBranch(
  { store, reread }: EventContext,
  event: { readonly repoId: number; readonly branch?: string | undefined },
  projects: readonly Project[],
): Promise<void> {
  const { repoId, branch } = event;
  if (branch === undefined) return;
  for (const project of projects) {
    const record = await store.get(sessionId(project.prefix, { repoId, branch, fork: false }));
    if (!record?.ok) continue;
    for (const [key, source] of Object.entries(record.desired.sources)) {
      const number = pullNumber(key as SourceKey);
      if (source?.open && number !== undefined) await reread(project.repo, number);
    }
  }
}

function pullNumber(key: SourceKey): number | undefined {
  return key.startsWith('pull/') ? Number(key.slice('pull/'.length)) : undefined;
}
