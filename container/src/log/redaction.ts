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
const MAX_LATER = 100;
const BLOT = '[redacted]';

export function makeRedaction(secrets: readonly string[] = []): Redaction {
  const first = secrets.filter((secret) => secret.length >= SHORTEST);
  let later: string[] = [];
  let pattern = patternOf(first);
  const redact = (text: string): string => (pattern ? text.replace(pattern, BLOT) : text);
  return {
    hide(secret) {
      if (secret.length < SHORTEST || first.includes(secret)) return;
      later = [...later.filter((known) => known !== secret), secret].slice(-MAX_LATER);
      pattern = patternOf([...first, ...later]);
    },
    redact,
    line: (text) => (text.length > MAX_LINE ? cutLine(text, pattern) : redact(text)),
  };
}

function cutLine(text: string, pattern: RegExp | undefined): string {
  let shown = '';
  let from = 0;
  for (const match of pattern ? text.matchAll(pattern) : []) {
    if (match.index >= MAX_LINE) break;
    shown += text.slice(from, match.index) + BLOT;
    from = match.index + match[0].length;
  }
  return `${shown}${text.slice(from, Math.max(from, MAX_LINE))}…`;
}

/** The longest first, since one secret may begin with another. */
function patternOf(secrets: readonly string[]): RegExp | undefined {
  const forms = new Map(secrets.flatMap(formsOf));
  if (forms.size === 0) return undefined;
  const sorted = [...forms].sort(([one], [other]) => other.length - one.length);
  return new RegExp(sorted.map(([text, rest]) => escape(text) + rest).join('|'), 'g');
}

/** Texts that stand for a secret, each with a pattern of what may follow and belongs to it. */
function formsOf(secret: string): (readonly [string, string])[] {
  const percent = encodeURIComponent(secret.toWellFormed());
  const base64 = [0, 1, 2].map((offset) => encoded(secret, offset)).filter((text) => text.length >= SHORTEST_ENCODED);
  const url = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  // The last character may hold bits of the secret and of what comes after it.
  const ending = '(?:[\\w+/-]?={1,2})?';
  return [
    [secret, ''],
    [percent, ''],
    [percent.replace(/%../g, (code) => code.toLowerCase()), ''],
    ...[...base64, ...url].map((text) => [text, ending] as const),
  ];
}

/** The characters of base64 that depend on nothing but the secret, when `offset` bytes (modulo three) stand before it. */
function encoded(secret: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
  return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
