/** Keeps secrets out of logs: by the name of a field at any depth, and by the look of a text wherever it stands. */
import { stdSerializers } from 'pino';

const CENSOR = '[redacted]';

/** How deep values are followed; what lies deeper is told by its kind. */
const MAX_DEPTH = 8;

const SECRET_NAME =
  /(?:token|secret|secretkey|password|passwd|authorization|cookie|privatekey|signingkey|accesskey|apikey|credentials?|signature(?:256)?)$/;

/** Client tokens make calls idempotent, and next tokens page; both help to find faults, and neither opens anything. */
const HARMLESS_NAME = /^(?:client|next|continuation)token$/;

/** GitHub's tokens, credentials in URLs, bearer tokens, private keys. The replacement keeps JSON valid. */
const SECRET_TEXTS: readonly [RegExp, string][] = [
  [/\b(?:gh[pousr]_|github_pat_)\w{10,}/g, CENSOR],
  [/(:\/\/)[^\s"'/@:]*:[^\s"'/@]+@/g, `$1${CENSOR}@`],
  [/\b(Bearer|Basic) [\w.~+/=-]{8,}/gi, `$1 ${CENSOR}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gs, CENSOR],
];

/** One line of JSON. */
export function redactLine(line: string): string {
  const fields = JSON.stringify(redactFields(JSON.parse(line) as object));
  return `${SECRET_TEXTS.reduce((redacted, [pattern, by]) => redacted.replace(pattern, by), fields)}\n`;
}

/** A copy with the values of secret fields censored, and errors as plain objects. */
export function redactFields<T extends object>(fields: T): T {
  return copyOf(fields, 0) as T;
}

function valueOf(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  return depth >= MAX_DEPTH ? '[deeper]' : copyOf(value, depth);
}

function copyOf(value: object, depth: number): unknown {
  if (Array.isArray(value)) return value.map((item) => valueOf(item, depth + 1));
  const source = value instanceof Error ? stdSerializers.err(value) : value;
  return Object.fromEntries(
    Object.entries(source).map(([name, member]) => [
      name,
      isSecret(name, member) ? CENSOR : valueOf(member, depth + 1),
    ]),
  );
}

function isSecret(name: string, value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'boolean') return false;
  const plain = name.toLowerCase().replace(/[-_]/g, '');
  return SECRET_NAME.test(plain) && !HARMLESS_NAME.test(plain);
}
