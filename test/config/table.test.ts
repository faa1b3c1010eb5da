import { describe, expect, it } from 'vitest';
import { closest } from '../../src/config/closest.ts';
import { formatDuration, parseDuration } from '../../src/config/duration.ts';
import { formatFaults } from '../../src/config/faults.ts';
import { configTable, knownKeys } from '../../src/config/table.ts';

describe('the reference table', () => {
  const table = configTable();
  const row = (key: string) => table.find((each) => each.key === key);

  it('has a meaning for every key, once', () => {
    expect(table.every(({ meaning, type }) => meaning.endsWith('.') && type !== 'undefined')).toBe(true);
    expect(new Set(table.map(({ key }) => key)).size).toBe(table.length);
  });

  it('tells types and defaults as people write them', () => {
    expect(row('policy.startDeadline')).toMatchObject({ type: 'duration', default: '10m' });
    expect(row('installation')).toMatchObject({ type: 'text', default: 'required' });
    expect(row('aws.region')).toMatchObject({ default: '–' });
    expect(row('launchType')).toMatchObject({ type: 'FARGATE | EC2', default: 'FARGATE' });
    expect(row('network.subnets')).toMatchObject({ type: 'list of text', default: 'required' });
    expect(row('http.admin.port')).toMatchObject({ type: 'whole number', default: '9464' });
    expect(row('github.apiUrl')).toMatchObject({ type: 'URL', default: 'https://api.github.com' });
    expect(row('projects.{name}.supervisor')).toMatchObject({ type: 'true or false', default: 'true' });
  });

  it('misses no key that the file may have', () => {
    const keysAt = (path: readonly string[]): string[] =>
      knownKeys(path).flatMap((key) => [[...path, key].join('.'), ...keysAt([...path, key])]);
    const told = table.map(({ key }) => key);
    for (const key of [...keysAt([]), ...keysAt(['projects', '{name}']), ...keysAt(['listeners', '{name}'])]) {
      expect(told.some((each) => each === key || each.startsWith(`${key}.`))).toBe(true);
    }
  });
});

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5_000],
    ['10 m', 600_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    [250, 250],
    [0, 0],
  ])('%j is %d ms', (written, ms) => {
    expect(parseDuration(written)).toBe(ms);
  });

  it.each(['', '5', 's', '5 minutes', '-5s', '1h30m', -1, Number.NaN, Number.POSITIVE_INFINITY])(
    '%j is none',
    (written) => {
      expect(parseDuration(written)).toBeUndefined();
    },
  );

  it.each([
    [90_000, '90s'],
    [3_600_000, '1h'],
    [1_500, '1500ms'],
    [0, '0ms'],
  ])('%d ms is written %s', (ms, written) => {
    expect(formatDuration(ms)).toBe(written);
    expect(parseDuration(written)).toBe(ms);
  });
});

describe('the closest word', () => {
  it.each([
    ['projcts', 'projects'],
    ['Workers', 'workers'],
    ['wrokers', 'workers'],
    ['banana', undefined],
  ])('to %s is %s', (word, expected) => {
    expect(closest(word, ['projects', 'workers', 'policy'])).toBe(expected);
  });
});

describe('faults in the terminal', () => {
  it('stand in the order of the file, aligned, with their lines', () => {
    const text = formatFaults(
      [
        { path: 'GITHUB_TOKEN_FILE', found: 'x (ENOENT)', allowed: 'a file' },
        { path: 'workers', found: 'the number 0', allowed: 'a whole number', line: 30 },
        { path: 'projects.app.prefix', found: '"TT"', allowed: 'lower case', line: 4 },
      ],
      'mayfly.yaml',
    );
    expect(text).toBe(
      [
        'The configuration has 3 faults:',
        '',
        '  projects.app.prefix  (mayfly.yaml:4)',
        '    found    "TT"',
        '    allowed  lower case',
        '',
        '  workers  (mayfly.yaml:30)',
        '    found    the number 0',
        '    allowed  a whole number',
        '',
        '  GITHUB_TOKEN_FILE',
        '    found    x (ENOENT)',
        '    allowed  a file',
      ].join('\n'),
    );
    expect(formatFaults([{ path: 'a', found: 'b', allowed: 'c', line: 2 }])).toContain('1 fault:\n\n  a  (line 2)');
  });
});
