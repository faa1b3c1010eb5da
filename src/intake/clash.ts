/**
 * Asks whose session id belongs to another branch, kept on the holder's record so that the pull request can be told.
 * They are no sources: nothing of the holder's answer, and nothing that runs, depends on them. Pure.
 */
import { canonical } from '../model/digest.ts';
import type { Clash, Desired } from '../model/environment.ts';
import type { Ask } from './desired-from.ts';
import type { Merge } from './merge.ts';

/** The clashes of the holder's record after this ask; undefined when they stay as they are. */
export function clashesAfter(holder: Desired, ask: Ask, merge: Merge['kind']): Desired['clashes'] {
  const { [ask.sourceKey]: known, ...others } = holder.clashes ?? {};
  if (merge === 'update') return known && others;
  if (merge !== 'name-taken' && !known) return undefined;
  const clash: Clash = { branch: ask.source.branch, open: ask.source.open };
  return known && canonical(known) === canonical(clash) ? undefined : { ...others, [ask.sourceKey]: clash };
}
