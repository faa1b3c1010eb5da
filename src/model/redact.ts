/**
 * Takes what looks like a secret out of text that people will read: log tails of hostile or careless code end in pull
 * request comments. Errs on the side of taking too much. Pure. Repetitions that could backtrack are bounded, so that a
 * hostile text costs time in proportion to its length.
 */

const REDACTED = '[redacted]';

/** Colours and cursor movements, which could also split a secret in two; then what is left of control characters. */
/* oxlint-disable no-control-regex -- control characters are what these look for */
const ESCAPES: readonly RegExp[] = [
  /\u001b\[[0-?]*[ -/]*[@-~]/g,
  /\u001b[\]P^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g,
  /\u001b[ -/]*[0-~]?/g,
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
];
/* oxlint-enable no-control-regex */

/** Applied in this order; what a replacement keeps names the thing that was taken out. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // PEM private keys, also with `\n` spelled out, cut off at the end, or with the beginning cut off
  [/-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g, REDACTED],
  [/(?:^[A-Za-z0-9+/=]{1,76}\n){0,120}^[A-Za-z0-9+/=]{0,76}-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----/gm, REDACTED],
  // GitHub: personal, OAuth, user-to-server, server-to-server, refresh, fine-grained
  [/gh[pousr]_[A-Za-z0-9_.-]{16,}/g, REDACTED],
  [/github_pat_[A-Za-z0-9_]{16,}/g, REDACTED],
  // JSON Web Tokens
  [/(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g, REDACTED],
  // AWS access keys, and secret keys and session tokens after their names
  [/\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g, REDACTED],
  [
    /((?:aws_?)?(?:secret_?access_?key|session_?token)["']?\s{0,4}[:=]\s{0,4}["']?)[A-Za-z0-9/+=]{16,}/gi,
    `$1${REDACTED}`,
  ],
  // Headers
  [
    /(\b(?:proxy-)?authorization["']?\s{0,4}[:=]\s{0,4}["']?)(?:[A-Za-z][A-Za-z0-9-]{1,20} +)?[^\s"',;]+/gi,
    `$1${REDACTED}`,
  ],
  [/(\b(?:bearer|basic) +)(?=\S{0,40}\d|\S{20})[A-Za-z0-9._~+/=-]{6,}/gi, `$1${REDACTED}`],
  // user:password@ in URLs; a port is no password, and a password may hold a slash or an at sign
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#"'<>@:]{0,200}:(?!\d{1,5}(?:[/?#]|\s))[^\s"'<>]{0,300}@/gi, `$1${REDACTED}@`],
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#"'<>@]{1,300}@/gi, `$1${REDACTED}@`],
  // Assignments of variables that say what they hold
  [
    /(\b[A-Z0-9_]{0,60}(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY)[A-Z0-9_]{0,60}["']?[=:]["']?)[^\s"',;]+/g,
    `$1${REDACTED}`,
  ],
];

/** A shorter value would blank out ordinary words. */
const SHORTEST_SECRET = 6;

/** `secrets` are values known to be secret, taken out wherever they stand, also percent-encoded. */
export function redact(text: string, secrets: readonly string[] = []): string {
  const plain = ESCAPES.reduce((rest, pattern) => rest.replace(pattern, ''), text.replace(/\r\n?/g, '\n'));
  const known = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .sort((a, b) => b.length - a.length);
  const without = known.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), plain);
  return PATTERNS.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), without);
}

/** Lines are redacted together, since a key may span several; the number of lines may shrink. */
export function redactLines(lines: readonly string[], secrets: readonly string[] = []): string[] {
  return lines.length === 0 ? [] : redact(lines.join('\n'), secrets).split('\n');
}
