/**
 * The three-way merge of one ask into one record, field by field, as in `kubectl apply` (DESIGN §4). Pure.
 *
 *     sources before → answer before ┐
 *     sources after  → answer after  ┴ a field is written only where the two differ
 *
 *     | what happened                          | written besides `sources`                     |
 *     |----------------------------------------|-----------------------------------------------|
 *     | label put on, no record                | a new record                                  |
 *     | label put on, record                   | wanted, and what GitHub's side changed        |
 *     | label changed                          | image_tag                                     |
 *     | label taken off, or closed             | wanted = false                                |
 *     | push                                   | commit                                        |
 *     | comment, resync                        | nothing: a field changed by hand holds        |
 *     | redelivery                             | nothing, not even `sources`                   |
 *     | an older snapshot                      | nothing, not even `sources`                   |
 *     | any, from a source that never asked    | nothing, no record                            |
 */
import { type Answer, answer } from '../model/answer.ts';
import { canonical } from '../model/digest.ts';
import type { Desired, Source } from '../model/environment.ts';
import type { IntentChange } from '../store/port.ts';
import type { Ask } from './desired-from.ts';

/** GitHub redelivers up to three days back; a tombstone outlives every redelivery. AWS-FACTS GitHub "redeliver window". */
const TOMBSTONE_MS = 4 * 24 * 3_600_000;

/** Whose environment already has the session id. */
export interface Holder {
  readonly repo: string;
  readonly branch: string;
}

/**
 * `reread`: what was applied may not be the newest, so the pull request is read once more after it. That is so when
 * another snapshot has the same logical time, and when the source's first snapshot leaves nothing to compare with.
 */
export type Merge =
  | { readonly kind: 'none' }
  | { readonly kind: 'ignored-older' }
  | { readonly kind: 'create'; readonly desired: Desired; readonly reread: boolean }
  | { readonly kind: 'update'; readonly change: IntentChange; readonly reread: boolean }
  | { readonly kind: 'name-taken'; readonly holder: Holder };

/** `now` in milliseconds since the epoch: decides only which tombstones are old. */
export function mergeIntent(record: Desired | undefined, ask: Ask, now: number): Merge {
  const previous = record?.sources[ask.sourceKey];
  if (record && previous) return mergeAgain(record, previous, ask, now);
  if (!ask.source.wanted && ask.source.refused === undefined) return { kind: 'none' };
  if (!record) return { kind: 'create', desired: recordOf(ask), reread: true };
  if (sameIdentity(record, ask)) return { kind: 'update', change: changeOf(record, ask, now), reread: true };
  return { kind: 'name-taken', holder: { repo: record.repo, branch: record.branch } };
}

/** A source that the record knows already. */
function mergeAgain(record: Desired, previous: Source, ask: Ask, now: number): Merge {
  const ahead = timeOf(ask.source) - timeOf(previous);
  if (ahead < 0) return { kind: 'ignored-older' };
  if (canonical(previous) === canonical(ask.source)) return { kind: 'none' };
  return { kind: 'update', change: changeOf(record, ask, now), reread: ahead === 0 };
}

function changeOf(record: Desired, ask: Ask, now: number): IntentChange {
  const sources = { ...withoutOldTombstones(record.sources, now), [ask.sourceKey]: ask.source };
  return { ...changedFields(answer(record.sources), answer(sources)), sources };
}

function recordOf(ask: Ask): Desired {
  const sources = { [ask.sourceKey]: ask.source };
  const { wanted, commit, imageTag } = answer(sources);
  return {
    sessionId: ask.sessionId,
    project: ask.project,
    repo: ask.repo,
    repoId: ask.repoId,
    branch: ask.source.branch,
    ...(commit !== undefined && { commit }),
    ...(imageTag !== undefined && { imageTag }),
    wanted,
    sources,
    intakeRev: 1,
  };
}

/** The fields of which GitHub's side changed. Nobody's wish for an image is no wish: the tag stays as it is. */
function changedFields(before: Answer, after: Answer): Omit<IntentChange, 'sources'> {
  return {
    ...(after.wanted !== before.wanted && { wanted: after.wanted }),
    ...(after.branch !== undefined && after.branch !== before.branch && { branch: after.branch }),
    ...(after.branch !== undefined && after.commit !== before.commit && { commit: after.commit ?? null }),
    ...(after.wanted && after.imageTag !== before.imageTag && { imageTag: after.imageTag ?? null }),
  };
}

/**
 * Same repository and branch. The branch may be the record's or that of any source, since a person may have put another
 * one into the record. The id decides where it is known: names of repositories change.
 */
function sameIdentity(record: Desired, ask: Ask): boolean {
  const sameRepo =
    record.repoId === undefined ? record.repo.toLowerCase() === ask.repo.toLowerCase() : record.repoId === ask.repoId;
  const branches = [record.branch, ...Object.values(record.sources).map((source) => source?.branch)];
  return sameRepo && branches.includes(ask.source.branch);
}

function withoutOldTombstones(sources: Desired['sources'], now: number): Desired['sources'] {
  const kept = Object.entries(sources).filter(
    ([, source]) => source && (source.open || now - timeOf(source) < TOMBSTONE_MS),
  );
  return Object.fromEntries(kept);
}

function timeOf(source: Source): number {
  return Date.parse(source.at);
}
