/** Fields that a person holds by hand: what GitHub's side of the record does not ask for (DESIGN §4). */
import { answer } from '../model/answer.ts';
import type { Desired, Override } from '../model/environment.ts';

export interface HeldField {
  /** Attribute as in the table, e.g. `image_tag` or `override.wanted`. */
  readonly field: string;
  /** The value that counts because of it, in words. */
  readonly value: string;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
  /** ISO time at which the field is handed back by itself. */
  readonly until?: string | undefined;
}

/**
 * The plain attributes that differ from what the sources together ask, then the members of an override that is in force
 * at `now` (ms). A record without sources is wanted by hand as a whole and holds no single field.
 */
export function heldFields(desired: Desired, now: number): readonly HeldField[] {
  return [...heldAttributes(desired), ...heldByOverride(desired.override, now)];
}

function heldAttributes(desired: Desired): readonly HeldField[] {
  if (Object.values(desired.sources).every((source) => source === undefined)) return [];
  const asked = answer(desired.sources);
  const { wanted, branch, commit, imageTag } = desired;
  const held: HeldField[] = [];
  if (wanted !== asked.wanted) held.push({ field: 'wanted', value: String(wanted) });
  if (asked.branch !== undefined && branch !== asked.branch) held.push({ field: 'branch', value: branch });
  // A commit that is absent is no hold: the head of the branch is resolved, as it is for a source without a commit.
  if (commit !== undefined && commit !== asked.commit) held.push({ field: 'commit', value: commit });
  if (asked.imageTag !== undefined && imageTag !== asked.imageTag) {
    held.push({ field: 'image_tag', value: imageTag ?? "the project's default" });
  }
  return held;
}

function heldByOverride(override: Override | undefined, now: number): readonly HeldField[] {
  if (!override || (override.until !== undefined && Date.parse(override.until) <= now)) return [];
  const { by, reason, until } = override;
  return overrideValues(override)
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .map(([name, value]) => ({ field: `override.${name}`, value, by, reason, until }));
}

/** Names of the members as in the table. Of variables only the names are told: a value may be a secret after all. */
function overrideValues(override: Override): readonly [string, string | undefined][] {
  const { wanted, branch, commit, imageTag, env, keep, paused } = override;
  return [
    ['wanted', wanted?.toString()],
    ['branch', branch],
    ['commit', commit],
    ['image_tag', imageTag],
    ['env', env && Object.keys(env).join(', ')],
    ['keep', keep?.toString()],
    ['paused', paused?.toString()],
  ];
}
