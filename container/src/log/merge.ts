/** Several logs as one, in order of time. Works on blocks of whole lines, which begin with their time (`render.ts`). */
import { TIME_LENGTH } from './render.ts';

const BLOCK = 32 * 1_024;

/** Each of `logs` is in order by itself. Lines of the same millisecond come in the order of the logs. */
export async function* mergeByTime(logs: readonly AsyncGenerator<string>[]): AsyncGenerator<string> {
  const cursors = logs.map(makeCursor);
  try {
    let open = await advance(cursors);
    let block = '';
    while (open.length > 0) {
      const next = open.reduce((first, other) => (other.time < first.time ? other : first));
      block += next.take();
      if (block.length >= BLOCK) {
        yield block;
        block = '';
      }
      if (next.time === '') open = await advance(open);
    }
    if (block !== '') yield block;
  } finally {
    for (const cursor of cursors) await cursor.end();
  }
}

interface Cursor {
  /** Of the line that is next; '' when another block must be read first. */
  readonly time: string;
  take(): string;
  /** False when there is nothing more. */
  read(): Promise<boolean>;
  end(): Promise<void>;
}

/** Those that have another line, which is read where it must be. */
async function advance(cursors: readonly Cursor[]): Promise<Cursor[]> {
  const more: Cursor[] = [];
  for (const cursor of cursors) if (cursor.time !== '' || (await cursor.read())) more.push(cursor);
  return more;
}

function makeCursor(blocks: AsyncGenerator<string>): Cursor {
  let lines: string[] = [];
  let at = 0;
  return {
    get time() {
      return lines[at]?.slice(0, TIME_LENGTH) ?? '';
    },
    take: () => `${lines[at++] ?? ''}\n`,
    async read() {
      const result = await blocks.next();
      if (result.done) return false;
      lines = result.value.split('\n').slice(0, -1);
      at = 0;
      return lines.length > 0;
    },
    end: async () => void (await blocks.return(undefined)),
  };
}

/** Without the first `count` lines. */
export async function* skipLines(blocks: AsyncIterable<string>, count: number): AsyncGenerator<string> {
  let left = count;
  for await (const block of blocks) {
    let from = 0;
    while (left > 0 && from < block.length) {
      from = block.indexOf('\n', from) + 1;
      left -= 1;
    }
    if (from < block.length) yield block.slice(from);
  }
}

/** From the first line on that is not older than `since`, an ISO 8601 time in UTC with milliseconds. */
export async function* sinceTime(blocks: AsyncIterable<string>, since: string): AsyncGenerator<string> {
  let begun = false;
  for await (const block of blocks) {
    if (begun) {
      yield block;
      continue;
    }
    const lines = block.split('\n').slice(0, -1);
    const first = lines.findIndex((line) => line.slice(0, TIME_LENGTH) >= since);
    begun = first !== -1;
    if (begun)
      yield lines
        .slice(first)
        .map((line) => `${line}\n`)
        .join('');
  }
}
