/** What the people of the soak did by hand and nothing of GitHub's has changed since: it must hold at the end. */
import type { Override } from '../../../src/model/environment.ts';

export interface Hand {
  /** The last override that was put; null when it was taken away; undefined when there never was one. */
  override?: Override | null;
  /** Put into the record by hand, until GitHub's side changes the label. */
  imageTag?: string | undefined;
}

/** By session. */
export type Hands = Map<string, Hand>;

export function handOf(hands: Hands, session: string): Hand {
  const known = hands.get(session);
  if (known) return known;
  const fresh: Hand = {};
  hands.set(session, fresh);
  return fresh;
}
