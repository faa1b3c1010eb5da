/** What programs read: that it is what the README shows, and how colours, odd texts and long waits are told to people. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startProgress } from '../../src/cli/progress.ts';
import { painter, plain } from '../../src/cli/terminal.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';
import { hostOf, record, startCliWorld } from './world.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

const CREATED = { kind: 'create-rule', change: 'create', resource: hostOf('tt-one') };

/** `environments[].steps[].kind`: each member, conditions as one. */
function members(value: unknown, path = ''): readonly string[] {
  if (path.endsWith('.conditions')) return [path];
  if (Array.isArray(value)) return [path, ...value.flatMap((each) => members(each, `${path}[]`))];
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, each]) => members(each, `${path}.${name}`));
}

describe('the plan as JSON', () => {
  it('has exactly the members that the README shows', async () => {
    const world = await startCliWorld({ policy: { orphanGrace: '1ms' } });
    await world.put(record('tt-one'));
    await world.put(record('tt-old'));
    await world.operate('tt-one', 'tt-old');
    await world.remove('tt-old');
    await world.deleteRules(hostOf('tt-one'));
    const { stdout, stderr, code } = await world.program(['plan', '-o', 'json']);
    expect({ stderr, code }).toEqual({ stderr: '', code: 2 });
    const shown: unknown = JSON.parse(/```json\n([^]*?)```/.exec(README)?.[1] ?? '');
    const inSteps = /collect\[\]\.(steps|tasks)/;
    const distinct = (value: unknown): readonly string[] =>
      [...new Set(members(value))].filter((path) => !inSteps.test(path)).toSorted();
    const printed: unknown = JSON.parse(stdout);
    expect(distinct(printed)).toEqual(distinct(shown));
    expect(printed).toMatchObject({
      environments: [{ sessionId: 'tt-one', steps: expect.arrayContaining([expect.objectContaining(CREATED)]) }],
      orphans: {
        collect: [{ sessionId: 'tt-old', steps: [{ kind: 'delete-rule' }, { kind: 'delete-target-group' }] }],
      },
      summary: { environments: 1, toChange: 1, orphans: 1 },
    });
  });

  it('has no orphans when one environment was asked for', async () => {
    const world = await startCliWorld();
    await world.put(record('tt-one', { wanted: false }));
    const { stdout, code } = await world.mayfly(['plan', 'tt-one', '--output', 'json']);
    expect({ code, document: JSON.parse(stdout) as unknown }).toMatchObject({
      code: 0,
      document: { environments: [{ sessionId: 'tt-one', state: 'STOPPED', settled: true }], orphans: null },
    });
  });
});

describe('colours', () => {
  const stdout = { isTTY: true, write: () => true };

  it.each([
    ['at a terminal', { stdout, env: {} }, true],
    ['unless declined', { stdout, env: { NO_COLOR: '1' } }, false],
    ['unless it knows none', { stdout, env: { TERM: 'dumb' } }, false],
    ['not in a pipe', { stdout: { ...stdout, isTTY: false }, env: {} }, false],
  ])('%s', (_name, terminal, coloured) => {
    expect(painter(terminal)('red', 'word')).toBe(coloured ? '\u001b[31mword\u001b[39m' : 'word');
  });

  it('of others do not pass', () => {
    expect(plain('a\u001b[31mb\r\n\u0007c\u2028d')).toBe('a [31mb c d');
  });
});

describe('progress', () => {
  function begin(isTTY: boolean) {
    const clock = makeFakeClock();
    let shown = '';
    const progress = startProgress({ clock, stderr: { isTTY, write: (text: string) => void (shown += text) } });
    return { clock, progress, shown: () => shown };
  }

  it('is told after a second, and taken away', async () => {
    const { clock, progress, shown } = begin(true);
    progress.say('1 done');
    await clock.advance(999);
    expect(shown()).toBe('');
    await clock.advance(1);
    progress.say('2 done');
    await clock.advance(200);
    progress.end();
    await clock.advance(1_000);
    const erase = '\r\u001b[2K';
    expect(shown()).toBe(`${erase}1 done${erase}2 done${erase}`);
  });

  it('is not told of what is quick, nor in a pipe', async () => {
    const quick = begin(true);
    quick.progress.say('1 done');
    quick.progress.end();
    const piped = begin(false);
    piped.progress.say('1 done');
    for (const { clock } of [quick, piped]) await clock.advance(2_000);
    piped.progress.end();
    expect([quick.shown(), piped.shown()]).toEqual(['', '']);
  });
});
