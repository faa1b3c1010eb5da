/**
 * How far the record can be believed about a comment. It tells what was written last, and may be wrong twice: an old item
 * that a person pasted back knows nothing of later edits, and a write that got no answer may arrive late and undo the one
 * that repeated it. In memory only; bounded.
 */
import type { CommentRef } from '../model/environment.ts';
import type { Clock } from '../runtime/clock.ts';

/** For so long a write that got no answer may still arrive. */
const DOUBT_MS = 90_000;
const MOST_COMMENTS = 10_000;

/** `id` is the reporter's own name for a comment: session and source. */
export interface Certainty {
  /** `known` as in the record; with a hash of nothing, so that it is written anew, when it is known to be wrong. */
  believed(id: string, known: CommentRef | undefined): CommentRef | undefined;
  wrote(id: string, ref: CommentRef): void;
  /** A write got no answer. */
  doubt(id: string): void;
  /** How long the doubt lasts, in ms; 0: it is time to write once more; undefined: there is none. */
  doubtMs(id: string): number | undefined;
}

const NOTHING = '';

export function makeCertainty(clock: Clock): Certainty {
  const written = new Map<string, CommentRef>();
  const doubts = new Map<string, number>();

  const doubtMs = (id: string): number | undefined => {
    const until = doubts.get(id);
    return until === undefined ? undefined : Math.max(0, until - clock.monotonic());
  };

  return {
    doubtMs,
    believed(id, known) {
      const own = written.get(id);
      const isOutdated = own !== undefined && own.id === known?.id && own.hash !== known.hash;
      return known && (isOutdated || doubtMs(id) === 0) ? { ...known, hash: NOTHING } : known;
    },
    wrote(id, ref) {
      if (written.size >= MOST_COMMENTS) written.clear();
      written.set(id, ref);
      if (doubtMs(id) === 0) doubts.delete(id);
    },
    doubt(id) {
      if (doubts.size >= MOST_COMMENTS) doubts.clear();
      doubts.set(id, clock.monotonic() + DOUBT_MS);
    },
  };
}
