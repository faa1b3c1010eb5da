/**
 * Lines to stdout. Whoever reads it may be slow or gone, and neither may hold the supervisor up: writing is
 * asynchronous, what waits is bounded, and what does not fit is counted and told once there is room again.
 *
 * Through Node's own stream and not `fs.write`, whose thread would keep a process from ending while nobody reads.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Writable } from 'node:stream';

export interface Output {
  write(text: string): void;
  /** Resolves when nothing waits any more, or after `withinMs`. */
  drained(withinMs: number): Promise<void>;
}

/** What may wait, in characters. */
const LIMIT = 2 ** 20;

export function makeOutput(stream: Writable, limit: number = LIMIT): Output {
  const idle = new Set<() => void>();
  let waiting: string[] = [];
  let size = 0;
  let dropped = 0;
  let busy = false;
  let broken = false;

  stream.on('error', giveUp);
  stream.on('close', giveUp);

  function giveUp(): void {
    broken = true;
    waiting = [];
    size = 0;
    settle();
  }

  function settle(): void {
    for (const resolve of idle) resolve();
    idle.clear();
  }

  /** One write at a time: what comes meanwhile goes out together. */
  function pump(): void {
    if (busy || broken) return;
    if (waiting.length === 0) return settle();
    const text = waiting.join('');
    waiting = [];
    size = 0;
    busy = true;
    stream.write(text, () => {
      busy = false;
      if (dropped > 0) add(`[mayfly] ${dropped} lines left out here: stdout was too slow; the whole log is at /logs\n`);
      dropped = 0;
      pump();
    });
  }

  function add(text: string): void {
    waiting.push(text);
    size += text.length;
  }

  return {
    write(text) {
      if (broken) return;
      // After the first that does not fit none does, so that the notice stands where the gap is.
      if (dropped > 0 || size + text.length > limit) {
        dropped += 1;
        return;
      }
      add(text);
      pump();
    },
    async drained(withinMs) {
      if (broken || (!busy && waiting.length === 0)) return;
      const drained = new Promise<void>((resolve) => idle.add(resolve));
      await Promise.race([drained, delay(withinMs, undefined, { ref: false })]);
    },
  };
}
