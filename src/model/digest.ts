/** SHA-256 in hex over text. A library's, since model and plan see no Node built-in. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

export function digest(text: string, hexDigits = 64): string {
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, hexDigits);
}

/** JSON with object keys sorted at every depth and `undefined` members left out: equal values give equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
