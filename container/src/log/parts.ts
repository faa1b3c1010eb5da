/** Pieces that a log is made of at one moment, and how they are read: in blocks of whole lines, never as a whole. */
import { type FileHandle, open } from 'node:fs/promises';

export type Part =
  /** From one byte to another of a file; both ends are ends of lines. */
  { readonly path: string; readonly from: number; readonly to: number } | { readonly text: string };

const BLOCK = 64 * 1_024;
const LF = 0x0a;

/** Texts of one or more whole lines. A file that is gone by now has none. */
export async function* blocksOf(parts: readonly Part[]): AsyncGenerator<string> {
  for (const part of parts) {
    if ('text' in part) yield part.text;
    else yield* withFile(part.path, (handle) => fileBlocks(handle, part.from, part.to));
  }
}

async function* fileBlocks(handle: FileHandle, from: number, to: number): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for (let at = from; at < to; ) {
    const chunk = await readAt(handle, at, Math.min(to, at + BLOCK));
    if (chunk.length === 0) return;
    at += chunk.length;
    const whole = Buffer.concat([rest, chunk]);
    const end = whole.lastIndexOf(LF) + 1;
    rest = whole.subarray(end);
    if (end > 0) yield whole.toString('utf8', 0, end);
  }
}

/** The last `lines` lines of it, and how many there are. */
export async function lastLines(
  parts: readonly Part[],
  lines: number,
): Promise<{ readonly parts: Part[]; readonly lines: number }> {
  const kept: Part[] = [];
  let count = 0;
  for (const part of parts.toReversed()) {
    if (count >= lines) break;
    const found = 'text' in part ? lastOfText(part.text, lines - count) : await lastOfFile(part, lines - count);
    kept.unshift(found.part);
    count += found.lines;
  }
  return { parts: kept, lines: count };
}

interface Found {
  readonly part: Part;
  readonly lines: number;
}

function lastOfText(text: string, lines: number): Found {
  const all = text.split('\n').slice(0, -1);
  const last = all.slice(-lines);
  return { part: { text: last.map((line) => `${line}\n`).join('') }, lines: last.length };
}

/** Reads backwards, only as far as it must. */
async function lastOfFile(part: Extract<Part, { path: string }>, lines: number): Promise<Found> {
  let count = 0;
  for await (const end of withFile(part.path, (handle) => lineEnds(handle, part.from, part.to))) {
    // One end of a line more than there are lines: they begin behind it.
    if (count === lines) return { part: { ...part, from: end + 1 }, lines };
    count += 1;
  }
  return { part, lines: count };
}

/** Where lines end, from the last to the first. */
async function* lineEnds(handle: FileHandle, from: number, to: number): AsyncGenerator<number> {
  for (let end = to; end > from; ) {
    const start = Math.max(from, end - BLOCK);
    const chunk = await readAt(handle, start, end);
    for (let at = chunk.lastIndexOf(LF); at !== -1; at = at === 0 ? -1 : chunk.lastIndexOf(LF, at - 1))
      yield start + at;
    end = start;
  }
}

async function readAt(handle: FileHandle, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(to - from);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
  return buffer.subarray(0, bytesRead);
}

/** Nothing when it cannot be opened. */
async function* withFile<T>(path: string, read: (handle: FileHandle) => AsyncGenerator<T>): AsyncGenerator<T> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return;
  try {
    yield* read(handle);
  } finally {
    await handle.close();
  }
}
