import { encodeSources } from '../model/record.ts';
import type { IntentChange } from './port.ts';

/** What intake's change writes, by attribute name: `undefined` leaves an attribute as it is, `null` removes it. */
export function intentAttributes(change: IntentChange): Record<string, unknown> {
  const { wanted, branch, commit, imageTag, clashes } = change;
  return { wanted, branch, commit, image_tag: imageTag, sources: encodeSources(change.sources), clashes };
}
