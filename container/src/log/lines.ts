/** Lines out of what a child prints, whatever it prints: bounded in memory, and in work a turn of the event loop. */
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Characters of a line that are shown; the rest is cut off. */
export const MAX_LINE = 4_000;
/**
 * Bytes of a line that are handed on: MAX_LINE characters of three bytes, and room for a secret that stands across the
 * cut and would not be known by its first half.
 */
export const MAX_BYTES = 3 * MAX_LINE + 4_096;
/** A flood of empty lines must not keep requests waiting. */
const LINES_A_TURN = 1_000;

const LF = 0x0a;
const CR = 0x0d;
const NOTHING = Buffer.alloc(0);

/**
 * Calls `onLine` for each line; an unfinished last line counts when the stream ends. A progress bar, which rewrites its
 * line after each `\r`, is one line in its last state. The stream is read only as fast as lines are taken, so a child
 * that floods is slowed down by its own pipe. Resolves when the stream has ended or broken and no line is left.
 */
export async function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let rest: Buffer = NOTHING;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      rest = await split(chunk, rest, onLine);
      await nextTurn();
    }
  } catch {
    // A pipe may break when its process is killed; the exit tells what happened.
  }
  if (rest.length > 0) onLine(textOf(rest));
}

/** Resolves with the bytes of the line that is not finished. */
async function split(chunk: Buffer, before: Buffer, onLine: (line: string) => void): Promise<Buffer> {
  let rest = before;
  let from = 0;
  let count = 0;
  for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
    onLine(textOf(join(rest, chunk.subarray(from, end))));
    rest = NOTHING;
    from = end + 1;
    count += 1;
    if (count % LINES_A_TURN === 0) await nextTurn();
  }
  return unfinished(rest, chunk.subarray(from));
}

function join(rest: Buffer, more: Buffer): Buffer {
  return rest.length === 0 ? more : Buffer.concat([rest, more]);
}

/** A copy, which does not keep the whole chunk in memory. A `\r` at the end may yet become `\r\n`. */
function unfinished(rest: Buffer, more: Buffer): Buffer {
  if (more.length === 0) return rest;
  const whole = join(rest, more);
  const state = lastState(whole).subarray(0, MAX_BYTES);
  return Buffer.concat(whole.at(-1) === CR ? [state, Buffer.of(CR)] : [state]);
}

/** What a terminal would show of a line that `\r` rewrote. */
function lastState(line: Buffer): Buffer {
  let end = line.length;
  while (end > 0 && line[end - 1] === CR) end -= 1;
  return line.subarray(line.subarray(0, end).lastIndexOf(CR) + 1, end);
}

/** Decoded by itself, so that a short line does not keep the text of its whole chunk in memory. */
function textOf(line: Buffer): string {
  return lastState(line).toString('utf8', 0, MAX_BYTES);
}
