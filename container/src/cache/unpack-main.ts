/**
 * Unpacks an archive from its stdin. A process of its own, as the user who will own the files: whatever an archive tries
 * it can do no more than the code that made it. Everything goes to a fresh directory; only when all of it was there and
 * the hash is right are the paths that were asked for moved to their places. The supervisor removes the rest.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Readable, Transform, type TransformCallback, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import { type Header, HEADER_BYTES, MAX_WINDOW_LOG, readHeader } from './format.ts';
import { Ending, EXIT, serve, type UnpackOrder } from './order.ts';
import { look } from './place.ts';

/** Smaller ones cost time: 64 KB nearly twice as much. */
const CHUNK_BYTES = 256 * 1_024;

async function unpack(order: UnpackOrder): Promise<void> {
  process.chdir(order.dir);
  for (const path of order.paths) if (look('.', path)) throw new Error(`${path} is there already`);
  mkdirSync(order.fresh, { mode: 0o700 });
  const header = await takeHeader(process.stdin, order);
  const seal = makeSeal(header);
  const tar = startTar(order.fresh);
  const inflate = createZstdDecompress({
    chunkSize: CHUNK_BYTES,
    params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
  });
  await pipeline(process.stdin, seal.stream, inflate, makeLimit(order.limits.maxUnpackedBytes), tar.input).catch(
    (error: unknown) => {
      throw error instanceof Ending ? error : new Ending(EXIT.corrupt, (error as Error).message);
    },
  );
  seal.verify();
  await tar.ended;
  place(order);
}

async function takeHeader(input: Readable, { key, limits }: UnpackOrder): Promise<Header> {
  let bytes = Buffer.alloc(0);
  // Without destroying the stream, which a `break` out of plain iteration would do.
  for await (const chunk of input.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length >= HEADER_BYTES) break;
  }
  if (bytes.length < HEADER_BYTES) throw new Ending(EXIT.truncated, 'it ends within its header');
  input.unshift(bytes.subarray(HEADER_BYTES));
  const header = readHeader(bytes.subarray(0, HEADER_BYTES));
  if (!header) throw new Ending(EXIT.corrupt, 'it does not begin as an archive');
  if (header.key !== key) throw new Ending(EXIT.corrupt, 'it belongs to another key');
  if (header.length > limits.maxBytes - HEADER_BYTES) throw new Ending(EXIT.corrupt, 'it is larger than allowed');
  return header;
}

/** Lets the payload through, and tells at the end whether it was the one that the header names. */
function makeSeal(header: Header): { stream: Transform; verify(): void } {
  const hash = createHash('sha256');
  let length = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      length += chunk.length;
      hash.update(chunk);
      done(length > header.length ? new Ending(EXIT.corrupt, 'it is longer than its header says') : null, chunk);
    },
    flush(done) {
      done(length < header.length ? new Ending(EXIT.truncated, 'it is shorter than its header says') : null);
    },
  });
  return {
    stream,
    verify() {
      if (hash.digest('hex') !== header.sha256) throw new Ending(EXIT.corrupt, 'its hash is wrong');
    },
  };
}

function makeLimit(maxBytes: number): Transform {
  let length = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      length += chunk.length;
      done(length > maxBytes ? new Ending(EXIT.corrupt, `it unpacks to more than ${maxBytes} bytes`) : null, chunk);
    },
  });
}

/** Room for one line with the longest path. */
const COMPLAINT_CHARS = 5_000;

/** Stops at its first complaint, of which there may be one for each file; told in pieces, it is waited for to its end. */
function startTar(dir: string): { input: Writable; ended: Promise<void> } {
  // Times are those of unpacking, as after an install: build tools compare them with those of the sources.
  const args = ['-x', '-f', '-', '-m', '--no-same-owner', '--no-same-permissions', '-C', dir];
  const child = spawn('tar', args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    complaint = (complaint + text).slice(0, COMPLAINT_CHARS);
    if (complaint.includes('\n') || complaint.length === COMPLAINT_CHARS) child.kill('SIGKILL');
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 && complaint === '') resolve();
      else reject(judge(complaint.split('\n')[0] || 'tar failed'));
    });
  });
  // Awaited after the input has ended, which may be later.
  ended.catch(() => undefined);
  return { input: pour(child.stdin), ended };
}

/** Takes everything, also when `into` is closed before the end: tar stops reading at its end mark or at a fault. */
function pour(into: Writable): Writable {
  let waiting: (() => void) | undefined;
  const go = (): void => {
    const done = waiting;
    waiting = undefined;
    done?.();
  };
  into.on('error', () => undefined);
  // The callback of what is being written then may never come.
  into.on('close', go);
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      waiting = done;
      if (into.destroyed) go();
      else into.write(chunk, go);
    },
    final(done) {
      into.end();
      done();
    },
  });
}

/** The archive was whole, so either there is no room for it, or it holds what should not be unpacked. */
function judge(complaint: string): Ending {
  if (/No space left|quota exceeded|Wrote only/i.test(complaint)) return new Ending(EXIT.failed, 'the disk is full');
  return new Ending(EXIT.corrupt, complaint);
}

/** All paths or none. */
function place({ fresh, paths }: UnpackOrder): void {
  for (const path of paths) {
    if (!isUnpacked(fresh, path)) throw new Ending(EXIT.corrupt, `${path} is not in it`);
    if (look('.', path)) throw new Error(`${path} is there already`);
  }
  const done: string[] = [];
  try {
    for (const path of paths) {
      mkdirSync(dirname(path), { recursive: true });
      renameSync(join(fresh, path), path);
      done.push(path);
    }
  } catch (error) {
    for (const path of done) rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

function isUnpacked(fresh: string, path: string): boolean {
  try {
    const found = look(fresh, path);
    return found?.isDirectory() === true || found?.isFile() === true;
  } catch {
    return false;
  }
}

await serve(() => unpack(JSON.parse(process.argv[2] ?? '') as UnpackOrder));
