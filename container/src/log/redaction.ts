/**
 * Takes known secrets out of text: as they are, percent-encoded, and in base64, also where they are only a part of what
 * was encoded (`x-access-token:<token>`).
 *
 * Not covered: a secret that is printed over several lines, and other encodings. This is a net for accidents; what keeps
 * secrets from a project's code is that it is never given them.
 */
import { MAX_LINE } from './lines.ts';

export interface Redaction {
  /** From now on blotted out. Shorter than four characters it is not: it would take ordinary words with it. */
  hide(secret: string): void;
  /** All of a text. */
  redact(text: string): string;
  /** A line, cut to MAX_LINE characters; a secret that stands across the cut is blotted out whole. */
  line(text: string): string;
}

const SHORTEST = 4;
/** Fewer characters of base64 would be found in ordinary text. */
const SHORTEST_ENCODED = 5;
/** Credentials are good for an hour, so of those that came later the oldest may be forgotten. */
const MAX_LATER = 200;
const BLOT = '[redacted]';

export function makeRedaction(secrets: readonly string[] = []): Redaction {
  const first = secrets.filter((secret) => secret.length >= SHORTEST);
  let later: string[] = [];
  let find = finderOf(first);

  function redact(text: string, limit: number): string {
    let shown = '';
    let from = 0;
    for (let found = find(text, 0); found && found.start < limit; found = find(text, from)) {
      shown += text.slice(from, found.start) + BLOT;
      from = found.end;
    }
    if (text.length > limit) return `${shown}${text.slice(from, Math.max(from, limit))}…`;
    return from === 0 ? text : shown + text.slice(from);
  }

  return {
    hide(secret) {
      if (secret.length < SHORTEST || first.includes(secret)) return;
      later = [...later.filter((known) => known !== secret), secret].slice(-MAX_LATER);
      find = finderOf([...first, ...later]);
    },
    redact: (text) => redact(text, Infinity),
    line: (text) => redact(text, MAX_LINE),
  };
}

interface Found {
  readonly start: number;
  readonly end: number;
}

/** The first place at or behind `from` where a secret stands, in any form. */
type Finder = (text: string, from: number) => Found | undefined;

/** Looks for how the forms begin, all at once, and then for the whole form: a pattern of all of them would be too large. */
function finderOf(secrets: readonly string[]): Finder {
  const forms = secrets.flatMap(formsOf);
  if (forms.length === 0) return () => undefined;
  // The longest first, since one secret may begin with another.
  forms.sort((one, other) => other.text.length - one.text.length);
  const byBeginning = Map.groupBy(forms, ({ text }) => text.slice(0, SHORTEST));
  const beginnings = new RegExp([...byBeginning.keys()].map(escape).join('|'), 'g');
  return (text, from) => {
    beginnings.lastIndex = from;
    for (let match = beginnings.exec(text); match; match = beginnings.exec(text)) {
      const start = match.index;
      const form = byBeginning.get(match[0])?.find((each) => text.startsWith(each.text, start));
      if (form) return { start, end: endOf(form, text, start) };
      beginnings.lastIndex = start + 1;
    }
    return undefined;
  };
}

interface Form {
  readonly text: string;
  readonly encoded: boolean;
}

function formsOf(secret: string): Form[] {
  const percent = encodeURIComponent(secret.toWellFormed());
  const base64 = [0, 1, 2].map((offset) => encoded(secret, offset)).filter((text) => text.length >= SHORTEST_ENCODED);
  const url = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  const plain = [secret, percent, percent.replace(/%../g, (code) => code.toLowerCase())];
  return [
    ...[...new Set(plain)].map((text) => ({ text, encoded: false })),
    ...[...new Set([...base64, ...url])].map((text) => ({ text, encoded: true })),
  ];
}

/** The characters of base64 that depend on nothing but the secret, when `offset` bytes (modulo three) stand before it. */
function encoded(secret: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
  return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
}

/** The last character of base64 may hold the last bits of the secret and padding. */
function endOf({ text: form, encoded }: Form, text: string, start: number): number {
  const end = start + form.length;
  const rest = encoded ? /^[\w+/-]?={1,2}/.exec(text.slice(end, end + 3)) : null;
  return end + (rest?.[0].length ?? 0);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
