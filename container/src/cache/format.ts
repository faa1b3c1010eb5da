/**
 * How an archive begins: a header of fixed length, then the payload, a tar in zstd. The header carries the key and the
 * payload's hash, so that an object proves by itself that it is whole and is the one that was asked for.
 */
import type { CacheKey } from './port.ts';

export const HEADER_BYTES = 256;

/** Of the window that a decompressor must hold: 8 MB. What asks for more was not made by us. */
export const MAX_WINDOW_LOG = 23;

export interface Header {
  readonly key: CacheKey;
  /** Of the payload, in hex. */
  readonly sha256: string;
  /** Bytes of the payload. */
  readonly length: number;
}

const HEADER = /^mayfly archive 1\nkey=([\w-]+)\nsha256=([0-9a-f]{64})\nlength=(\d{1,15})\n *\n$/;

export function writeHeader({ key, sha256, length }: Header): Buffer {
  const text = `mayfly archive 1\nkey=${key}\nsha256=${sha256}\nlength=${length}\n`;
  return Buffer.from(`${text.padEnd(HEADER_BYTES - 1)}\n`, 'latin1');
}

/** Undefined: not an archive of this version. */
export function readHeader(bytes: Buffer): Header | undefined {
  const [, key, sha256, length] = HEADER.exec(bytes.toString('latin1')) ?? [];
  if (key === undefined || sha256 === undefined || length === undefined) return undefined;
  return { key: key as CacheKey, sha256, length: Number(length) };
}
