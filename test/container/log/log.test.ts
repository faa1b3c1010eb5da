import { describe, expect, test } from 'vitest';
import type { LogEntry } from '../../../container/src/log/entry.ts';
import { makeLog, makeTail } from '../../../container/src/log/log.ts';

function stage(secrets: readonly string[] = [], burstBytes = 1_000) {
  const written: string[] = [];
  const kept: LogEntry[] = [];
  const flood = { burstBytes, bytesPerSecond: 1, reopenBytes: 1_000 };
  const log = makeLog((text) => written.push(text), secrets, { flood, now: () => 0 });
  return { log, written, kept, store: { append: (entry: LogEntry) => kept.push(entry) } };
}

describe('the log', () => {
  test('goes to stdout and to the store, each entry with its time and source', () => {
    const { log, written, kept, store } = stage();
    log.keep(store);
    log.say('hello');
    log.event({ phase: 'install', seconds: 4.2, note: 'taken over', missing: undefined });
    log.line('app/web', 'listening');
    expect(written).toEqual([
      '[mayfly] hello\n',
      '[mayfly] phase=install seconds=4.2 note="taken over"\n',
      'listening\n',
    ]);
    const at = '1970-01-01T00:00:00.000Z';
    expect(kept).toEqual([
      { at, source: 'mayfly', text: 'hello' },
      { at, source: 'mayfly', text: 'phase=install seconds=4.2 note="taken over"' },
      { at, source: 'app/web', text: 'listening' },
    ]);
  });

  test('hands the store what was said before there was one, but no flood of it', () => {
    const { log, kept, store } = stage();
    for (let i = 0; i < 1_000; i += 1) log.say(String(i));
    log.keep(store);
    log.say('after');
    expect(kept).toHaveLength(101);
    expect(kept[0]?.text).toBe('0');
    expect(kept.at(-1)?.text).toBe('after');
  });

  test('hides secrets in words of either kind, in stdout and store, and in what leaves by another way', () => {
    const { log, written, kept, store } = stage(['s3cret']);
    log.keep(store);
    log.say('a s3cret');
    log.hide('later1');
    log.line('build', 's3crets3cret later1');
    expect(written).toEqual(['[mayfly] a [redacted]\n', '[redacted][redacted] [redacted]\n']);
    expect(kept.map((entry) => entry.text)).toEqual(['a [redacted]', '[redacted][redacted] [redacted]']);
    expect(log.redact('s3cret later1')).toBe('[redacted] [redacted]');
  });

  test("lets no flood of a child's pass to stdout, but all of it to the store, and the supervisor's own words to both", () => {
    const { log, written, kept, store } = stage([], 10);
    log.keep(store);
    log.line('build', '123456789');
    log.line('build', 'too much');
    log.say('own words');
    log.end();
    const notice = '1 line (9 bytes) of build left out here';
    expect(written).toEqual(['123456789\n', '[mayfly] own words\n', expect.stringContaining(`[mayfly] ${notice}`)]);
    const texts = kept.map((entry) => entry.text);
    expect(texts).toEqual(['123456789', 'too much', 'own words', expect.stringContaining(notice)]);
  });
});

test('the last lines are kept up to a limit, without colours', () => {
  const tail = makeTail(3);
  for (const line of ['1', '2', '3', '\u001b[31m4\u001b[0m']) tail.add(line);
  expect(tail.last(10)).toEqual(['2', '3', '4']);
  expect(tail.last(1)).toEqual(['4']);
});
