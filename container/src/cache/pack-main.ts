/**
 * Packs paths of a directory into the file that is its stdout. A process of its own, as the user whose files they are,
 * at the lowest priority: what runs in the environment comes first.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, writeSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { HEADER_BYTES, writeHeader } from './format.ts';
import { type PackOrder, serve } from './order.ts';
import { readTree } from './tree.ts';

const OUTPUT = 1;
const CHUNK_BYTES = 256 * 1_024;

/** So that equal files make equal archives; other tars do without. */
const REPEATABLE =
  process.platform === 'linux'
    ? ['--format=gnu', '--mtime=@1', '--owner=0', '--group=0', '--numeric-owner', '--hard-dereference']
    : [];

async function pack({ key, dir, paths, exclude, limits }: PackOrder): Promise<void> {
  setPriority(constants.priority.PRIORITY_LOW);
  process.chdir(dir);
  const before = readTree('.', paths, exclude);
  if (before.bytes > limits.maxUnpackedBytes) throw new Error(`${before.bytes} bytes are too many to keep`);
  const tar = startTar(before.names);
  const sum = makeSum(limits.maxBytes - HEADER_BYTES);
  const written = await outcomeOf(
    pipeline(
      tar.output,
      // Level 3: half the time of 6 for a tenth more bytes.
      createZstdCompress({ chunkSize: CHUNK_BYTES }),
      sum.stream,
      createWriteStream('', { fd: OUTPUT, start: HEADER_BYTES, autoClose: false }),
    ),
  );
  // What tar has to say of a broken pipe comes first: the cause is told last.
  const ended = await outcomeOf(tar.ended);
  for (const fault of [written.error, ended.error]) if (fault) throw fault;
  if (ended.value !== 0) throw new Error('tar could not pack all of it');
  if (readTree('.', paths, exclude).fingerprint !== before.fingerprint)
    throw new Error('it changed while it was packed');
  writeSync(OUTPUT, writeHeader({ key, ...sum.result() }), 0, HEADER_BYTES, 0);
}

async function outcomeOf<T>(work: Promise<T>): Promise<{ readonly value?: T; readonly error?: Error }> {
  return await work.then(
    (value) => ({ value }),
    (error: Error) => ({ error }),
  );
}

/** `ended` tells its exit code, which is not 0 when something could not be read as it was listed. */
function startTar(names: readonly string[]): { output: Readable; ended: Promise<number | null> } {
  const args = ['-c', '-f', '-', ...REPEATABLE, '--no-recursion', '--null', '-T', '-'];
  const child = spawn('tar', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  // When tar ends early its exit code says so.
  child.stdin.on('error', () => undefined);
  // `./`, since a name may look like an option.
  child.stdin.end(names.map((name) => `./${name}\0`).join(''));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  ended.catch(() => undefined);
  return { output: child.stdout, ended };
}

function makeSum(maxBytes: number): { stream: Transform; result(): { sha256: string; length: number } } {
  const hash = createHash('sha256');
  let length = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      length += chunk.length;
      hash.update(chunk);
      if (length > maxBytes) done(new Error(`more than ${maxBytes} bytes packed are too many to keep`));
      else done(null, chunk);
    },
  });
  return { stream, result: () => ({ sha256: hash.digest('hex'), length }) };
}

await serve(() => pack(JSON.parse(process.argv[2] ?? '') as PackOrder));
