/**
 * Which pull requests to read again although no event asks for it: those that records know. It heals webhooks that were
 * lost, and those that were dropped while a record could not be understood. Pure.
 */
import type { StoredEnvironment } from '../model/environment.ts';
import { type Project, projectOf } from '../model/project.ts';

export interface PullRef {
  /** Base repository, `owner/name`. */
  readonly repo: string;
  readonly number: number;
}

/** Every open pull request of the records, once. */
export function knownPulls(records: readonly StoredEnvironment[], projects: readonly Project[]): readonly PullRef[] {
  const pulls = records.flatMap((record) => pullsOf(record, projects));
  const byKey = new Map(pulls.map((pull) => [`${pull.repo.toLowerCase()}#${pull.number}`, pull]));
  return [...byKey.values()];
}

/** Those of the records that could not be understood at the look before. */
export function correctedPulls(
  before: readonly StoredEnvironment[],
  after: readonly StoredEnvironment[],
  projects: readonly Project[],
): readonly PullRef[] {
  const invalid = new Set(before.filter(({ ok }) => !ok).map(({ sessionId }) => sessionId));
  return knownPulls(
    after.filter(({ sessionId }) => invalid.has(sessionId)),
    projects,
  );
}

function pullsOf(record: StoredEnvironment, projects: readonly Project[]): readonly PullRef[] {
  const project = projectOf(projects, record);
  if (!record.ok || !project) return [];
  const { sources, clashes = {} } = record.desired;
  return [...Object.entries(sources), ...Object.entries(clashes)].flatMap(([key, asking]) => {
    const [kind, number] = key.split('/');
    return kind === 'pull' && asking?.open ? [{ repo: project.repo, number: Number(number) }] : [];
  });
}
