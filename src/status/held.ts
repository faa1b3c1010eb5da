/** Fields that a person holds by hand: what GitHub's side of the record does not ask for (DESIGN §4). */
import type { Desired, Override, Source } from '../model/environment.ts';

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
 * The plain attributes that differ from what every source asks, then the members of an override that is in force at
 * `now` (ms). A record without sources is wanted by hand as a whole and holds no single field.
 */
export function heldFields(desired: Desired, now: number): readonly HeldField[] {
  return [...heldAttributes(desired), ...heldByOverride(desired.override, now)];
}

function heldAttributes(desired: Desired): readonly HeldField[] {
  const sources = Object.values(desired.sources).filter((source) => source !== undefined);
  if (sources.length === 0) return [];
  const asking = sources.filter((source) => source.wanted);
  const held: HeldField[] = [];
  if (desired.wanted !== asking.length > 0) held.push({ field: 'wanted', value: String(desired.wanted) });
  if (asking.length === 0) return held;
  const differs = (value: string | undefined, asked: (source: Source) => string | undefined): boolean =>
    asking.every((source) => asked(source) !== value);
  if (differs(desired.branch, (source) => source.branch)) held.push({ field: 'branch', value: desired.branch });
  // A commit that is absent is no hold: the head of the branch is resolved, as it is for a source without a commit.
  if (desired.commit !== undefined && differs(desired.commit, (source) => source.commit)) {
    held.push({ field: 'commit', value: desired.commit });
  }
  if (differs(desired.imageTag, (source) => source.imageTag)) {
    held.push({ field: 'image_tag', value: desired.imageTag ?? "the project's default" });
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
