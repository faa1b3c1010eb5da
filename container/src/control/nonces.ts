/** Which signed orders were given already. */
export interface Nonces {
  /** `full`: it would have to forget one that may still be used again. */
  spend(nonce: string, exp: number): 'spent' | 'replayed' | 'full';
}

/** Kept for so long after they expired: a clock that is set back must not make an old order new. */
const KEPT_SECONDS = 300;

/** `seconds` since the epoch. */
export function makeNonces(limit: number, seconds: () => number): Nonces {
  const seen = new Map<string, number>();
  return {
    spend(nonce, exp) {
      const old = seconds() - KEPT_SECONDS;
      for (const [each, expired] of seen) if (expired <= old) seen.delete(each);
      if (seen.has(nonce)) return 'replayed';
      if (seen.size >= limit) return 'full';
      seen.set(nonce, exp);
      return 'spent';
    },
  };
}
