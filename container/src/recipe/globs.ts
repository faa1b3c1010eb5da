/**
 * Globs, in a subset that takes linear time whatever a stranger writes: `*` and `?` within a segment, `**` for any number
 * of segments, `{a,b}`. Square brackets stand for themselves, since Next names files so; names that begin with a dot are
 * like others.
 */

/** So many alternatives of `{a,b}` in one glob; beyond them braces stand for themselves. */
const MOST_ALTERNATIVES = 64;

export type Matcher = (path: string) => boolean;

export function isGlob(text: string): boolean {
  return /[*?{]/.test(text);
}

/** What comes before the first segment with a wildcard: all matches are below it. */
export function literalPart(glob: string): string {
  const segments = glob.split('/');
  const at = segments.findIndex(isGlob);
  return segments.slice(0, at < 0 ? undefined : at).join('/');
}

export function makeMatcher(glob: string): Matcher {
  const patterns = alternatives(glob).map((each) => each.split('/'));
  return (path) => {
    const segments = path.split('/');
    return patterns.some((pattern) => matches(pattern, segments, (each) => each === '**', matchesSegment));
  };
}

function matchesSegment(pattern: string, segment: string): boolean {
  return matches(
    Array.from(pattern),
    Array.from(segment),
    (each) => each === '*',
    (wanted, found) => wanted === '?' || wanted === found,
  );
}

/** The wildcard that stands for any number of items is tried with ever more of them; only the last one needs a retry. */
function matches(
  pattern: readonly string[],
  items: readonly string[],
  isAny: (pattern: string) => boolean,
  same: (pattern: string, item: string) => boolean,
): boolean {
  let at = 0;
  let retry: { readonly pattern: number; readonly items: number } | undefined;
  for (let index = 0; index < items.length; ) {
    const wanted = pattern[at];
    const item = items[index] ?? '';
    if (wanted !== undefined && isAny(wanted)) {
      at += 1;
      retry = { pattern: at, items: index + 1 };
    } else if (wanted !== undefined && same(wanted, item)) {
      at += 1;
      index += 1;
    } else if (retry) {
      at = retry.pattern;
      index = retry.items;
      retry = { pattern: at, items: index + 1 };
    } else {
      return false;
    }
  }
  return pattern.slice(at).every(isAny);
}

/** `{a,b}/*` → `a/*`, `b/*`. Braces do not nest. */
function alternatives(glob: string): readonly string[] {
  let found: readonly string[] = [''];
  for (const part of glob.split(/(\{[^{}]*,[^{}]*\})/)) {
    const choices = part.startsWith('{') && part.includes(',') ? part.slice(1, -1).split(',') : [part];
    if (found.length * choices.length > MOST_ALTERNATIVES) return [glob];
    found = found.flatMap((before) => choices.map((choice) => before + choice));
  }
  return found;
}
