/** Names for modules that are nearly right: those of this week, else those of the week before. */
import type { CacheKey } from '../cache/port.ts';
import { nearKey } from '../recipe/keys.ts';
import type { Install } from '../recipe/recipe.ts';
import { NODE } from './node.ts';

const PERIOD_MS = 7 * 24 * 3_600_000;

export function nearKeys(install: Install, now = Date.now()): readonly [newest: CacheKey, older: CacheKey] {
  const period = Math.floor(now / PERIOD_MS);
  return [`modules-${nearKey(install, NODE, period)}`, `modules-${nearKey(install, NODE, period - 1)}`];
}
