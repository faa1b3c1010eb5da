/** A valid picture of noise, which compresses as badly as a photograph. */
import { crc32, deflateSync } from 'node:zlib';
import type { Random } from './random.ts';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const GREY = 0;
const BITS = 8;

export function makePng(random: Random, side: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = BITS;
  header[9] = GREY;
  // Each line begins with the number of its filter: none.
  const lines = Array.from({ length: side }, () => Buffer.concat([Buffer.of(0), random.bytes(side)]));
  const pixels = deflateSync(Buffer.concat(lines), { level: 1 });
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
