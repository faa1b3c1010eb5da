/** Archives as no honest child would make them. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import { type Header, writeHeader } from '../../../container/src/cache/format.ts';
import type { CacheKey } from '../../../container/src/cache/port.ts';

export interface Entry {
  readonly name: string;
  /** Of tar: file, hard link, symbolic link, directory. */
  readonly type?: '0' | '1' | '2' | '5';
  readonly target?: string;
  readonly content?: string;
  readonly mode?: number;
}

/** In the format of POSIX.1-1988, whose names may be anything. */
export function tar(...entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.map(member), Buffer.alloc(1_024)]);
}

function member({ name, type = '0', target = '', content = '', mode = type === '5' ? 0o755 : 0o644 }: Entry): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0, 100);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(Buffer.byteLength(content), 11), 124);
  header.write(octal(1, 11), 136);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write(target, 157, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)} `, 148);
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body]);
}

/** With a header that fits, but for what `lie` says. */
export function seal(key: CacheKey, payload: Buffer, lie: Partial<Header> = {}): Buffer {
  const sha256 = createHash('sha256').update(payload).digest('hex');
  return Buffer.concat([writeHeader({ key, sha256, length: payload.length, ...lie }), payload]);
}

/** A complete archive file of these members. */
export function writeArchive(path: string, key: CacheKey, ...entries: readonly Entry[]): void {
  writeFileSync(path, seal(key, zstdCompressSync(tar(...entries))), { mode: 0o600 });
}
