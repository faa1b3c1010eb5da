/**
 * How far the record can be believed about a comment. It may be wrong in three ways: an old item that a person pasted
 * back knows nothing of later edits; a write that got no answer may arrive late and undo the one that repeated it; and a
 * leader may end between a write and its record.
 *
 * For the last one the record says beforehand that a write is under way (`UNSURE` in place of the hash): one more write
 * to the table for each edit, and none where nothing is edited. The other way, to look on GitHub at what every comment
 * says when a leader begins, would cost a request for each pull request at each change of leaders, out of the 5,000 an
 * hour that everything shares, and a look cannot see a write that is still to arrive.
 *
 * What is kept here is of one term, in memory only, and bounded.
 */
import type { CommentRef } from '../model/environment.ts';
import type { Clock } from '../runtime/clock.ts';

/** For so long a write that got no answer may still arrive. */
const DOUBT_MS = 90_000;
const MOST_COMMENTS = 10_000;
/** The hash of no text: what the comment says is not known. */
export const UNSURE = '';

/** `id` is the reporter's own name for a comment: session and source. */
export interface Certainty {
  /** What is known of the comment, by the record's word `recorded`; with the hash `UNSURE` it is to be written anew. */
  believed(id: string, recorded: CommentRef | undefined): CommentRef | undefined;
  /** The comment is about to be written: it may say anything from now on. */
  begun(id: string, commentId: number): void;
  wrote(id: string, ref: CommentRef): void;
  /** What the record should say of `ref`: `UNSURE` as long as there is a doubt, so that the next leader has it too. */
  toRecord(id: string, ref: CommentRef): CommentRef;
  /** A write got no answer. */
  doubt(id: string): void;
  /** How long the doubt lasts, in ms; 0: it is time to write once more; undefined: there is none. */
  doubtMs(id: string): number | undefined;
}

export function makeCertainty(clock: Clock): Certainty {
  const written = new Map<string, CommentRef>();
  const doubts = new Map<string, number>();

  const doubtMs = (id: string): number | undefined => {
    const until = doubts.get(id);
    return until === undefined ? undefined : Math.max(0, until - clock.monotonic());
  };
  const doubt = (id: string): void => {
    if (doubts.size >= MOST_COMMENTS) doubts.clear();
    doubts.set(id, clock.monotonic() + DOUBT_MS);
  };
  const know = (id: string, ref: CommentRef): void => {
    if (written.size >= MOST_COMMENTS) written.clear();
    written.set(id, ref);
  };

  return {
    doubt,
    doubtMs,
    believed(id, recorded) {
      if (!recorded) return undefined;
      if (doubtMs(id) === 0) return { ...recorded, hash: UNSURE };
      const own = written.get(id);
      if (own?.id === recorded.id) return own;
      // Another leader began a write, and nobody knows what became of it.
      if (recorded.hash === UNSURE) doubt(id);
      return recorded;
    },
    begun: (id, commentId) => know(id, { id: commentId, hash: UNSURE }),
    wrote(id, ref) {
      know(id, ref);
      if (doubtMs(id) === 0) doubts.delete(id);
    },
    toRecord: (id, ref) => (doubtMs(id) === undefined ? ref : { ...ref, hash: UNSURE }),
  };
}
