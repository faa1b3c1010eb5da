import { describe, expect, test } from 'vitest';
import { readRecipe } from '../../../container/src/recipe/read.ts';
import { app, faultOf, inside, memorySource, recipeOf, SURROUNDINGS, yml } from './source.ts';

const APP = { ...app({ start: 'node .', build: 'b' }), ...inside('apps/web', app({ start: 'x' })) };

function refused(text: string): Promise<string> {
  return faultOf({ ...APP, ...yml(text) });
}

describe('a file that is right', () => {
  test.each(['', '# nothing\n', '{}', '---\n...\n'])('may hold nothing: %j', async (text) => {
    expect(await recipeOf({ ...APP, '.mayfly.yml': text })).toEqual(await recipeOf(APP));
  });

  test('holds variables of every step, as text', async () => {
    const { env } = await recipeOf({ ...APP, ...yml('env: { A: text, B: 1.5, C: true, _d: yes, E: "" }') });
    expect(env).toEqual({ A: 'text', B: '1.5', C: 'true', _d: 'yes', E: '' });
  });

  test('says whether robots may come', async () => {
    expect((await recipeOf(APP)).robots).toBe(false);
    expect((await recipeOf({ ...APP, ...yml('robots: noindex') })).robots).toBe(false);
    expect((await recipeOf({ ...APP, ...yml('robots: allow') })).robots).toBe(true);
  });

  test.each([
    ['health: /healthz?full=1', '/healthz?full=1'],
    ['health: false', undefined],
    ['{}', '/from-task'],
  ])('says where health is asked: %s', async (text, health) => {
    const { processes } = await recipeOf({ ...APP, ...yml(text) }, { healthPath: '/from-task' });
    expect(processes[0]?.health).toBe(health);
  });

  test('may use anchors', async () => {
    const { processes } = await recipeOf({
      ...APP,
      ...yml('processes: { a: &a { start: x }, b: *a }'),
    });
    expect(processes.map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

describe('faults', () => {
  /** Each with all that is said of it. */
  test.each([
    ['instal: npm ci', 'instal: is not known; did you mean install? (line 1)'],
    ['Build: x', 'Build: is not known; did you mean build? (line 1)'],
    [
      'port: 1',
      'port: is not known; allowed: env, robots, directory, install, build, start, health, inputs, cache, hot, processes (line 1)',
    ],
    ['robots: yes', 'robots: found "yes"; allowed: allow or noindex (line 1)'],
    ['build: 7', 'build: found 7; allowed: a command, a list of commands, or false (line 1)'],
    ['build: true', 'build: found true; allowed: a command, a list of commands, or false (line 1)'],
    ['build:', 'build: found nothing; allowed: a command, a list of commands, or false (line 1)'],
    ['build: []', 'build: found []; allowed: a command, a list of commands, or false (line 1)'],
    ['build: [a, ""]', 'build: found ["a",""]; allowed: a command, a list of commands, or false (line 1)'],
    ['start: [a]', 'start: found ["a"]; allowed: a command (line 1)'],
    ['start: "a\\0b"', 'start: found "a\\u0000b"; allowed: a command (line 1)'],
    ['hot: 1', 'hot: found 1; allowed: true or false (line 1)'],
    [
      'health: healthz',
      'health: found "healthz"; allowed: a path that begins with /, e.g. /healthz, or false (line 1)',
    ],
    ['env: [A]', 'env: found ["A"]; allowed: variables, as NAME: value (line 1)'],
    ['env: { A: [1] }', 'env.A: found [1]; allowed: a text, a number, true or false (line 1)'],
    ['env: { A: }', 'env.A: found nothing; allowed: a text, a number, true or false (line 1)'],
    ['env: { "A-B": 1 }', 'env.A-B: is no name of a variable; allowed: letters, digits and _ (line 1)'],
    ['env:\n  A: 1\n  PORT: 1', 'env.PORT: is set by Mayfly itself; choose another name (line 3)'],
    ['env: { MAYFLY_PUBLIC_KEY: 1 }', 'env.MAYFLY_PUBLIC_KEY: is set by Mayfly itself; choose another name (line 1)'],
    [
      'directory: ../x',
      'directory: found "../x"; allowed: a directory of the repository that has files, e.g. apps/web (line 1)',
    ],
    [
      'directory: /apps',
      'directory: found "/apps"; allowed: a directory of the repository that has files, e.g. apps/web (line 1)',
    ],
    [
      'directory: apps/a',
      'directory: found "apps/a"; allowed: a directory of the repository that has files, e.g. apps/web (line 1)',
    ],
    ['inputs: src', 'inputs: found "src"; allowed: a list of at most 200 paths or globs (line 1)'],
    [
      'inputs:\n  - src\n  - ../up',
      'inputs[1]: found "../up"; allowed: paths and globs inside the repository, from the directory of the app (line 1)',
    ],
    [
      'inputs: [/etc]',
      'inputs[0]: found "/etc"; allowed: paths and globs inside the repository, from the directory of the app (line 1)',
    ],
    [
      'inputs: ["!/etc"]',
      'inputs[0]: found "!/etc"; allowed: paths and globs inside the repository, from the directory of the app (line 1)',
    ],
    [
      'inputs: [a/**/../../..]',
      'inputs[0]: found "a/**/../../.."; allowed: paths and globs inside the repository, from the directory of the app (line 1)',
    ],
    [
      'inputs: [3]',
      'inputs[0]: found 3; allowed: a path or glob in the repository, of at most 300 characters (line 1)',
    ],
    ['cache: x', 'cache: found "x"; allowed: install and build, each a list of paths (line 1)'],
    ['cache: { instal: [a] }', 'cache.instal: is not known; did you mean install? (line 1)'],
    [
      'cache: { build: [../x] }',
      'cache.build[0]: found "../x"; allowed: files and directories below the directory of the app, no globs (line 1)',
    ],
    [
      'cache: { build: ["*.x"] }',
      'cache.build[0]: found "*.x"; allowed: files and directories below the directory of the app, no globs (line 1)',
    ],
    [
      'cache: { build: [.] }',
      'cache.build[0]: found "."; allowed: files and directories below the directory of the app, no globs (line 1)',
    ],
    [
      'cache: { build: [.git] }',
      'cache.build[0]: found ".git"; allowed: files and directories below the directory of the app, no globs (line 1)',
    ],
    [
      'cache: { install: [/etc/passwd] }',
      'cache.install[0]: found "/etc/passwd"; allowed: paths and globs inside the repository, from the directory of the app (line 1)',
    ],
    ['hot: true\nbuild: x', 'build: is never run with hot: true; leave one of them out (line 2)'],
    ['processes: [a]', 'processes: found ["a"]; allowed: processes, as name: { … } (line 1)'],
    ['processes: {}', 'processes: names 0 processes; allowed: 1 to 10 (line 1)'],
    [
      'processes: { a: x }',
      'processes.a: found "x"; allowed: the keys directory, install, build, start, health, inputs, cache, hot, env, route (line 1)',
    ],
    [
      'processes: { Web_1: { start: x } }',
      'processes.Web_1: is no name for a process; allowed: lower case letters, digits and hyphens, at most 30, a letter first (line 1)',
    ],
    ['processes: { a: { start: x, routes: /a } }', 'processes.a.routes: is not known; did you mean route? (line 1)'],
    [
      'processes: { a: { start: x, route: api } }',
      'processes.a.route: found "api"; allowed: a path that begins with /, without ? and #, e.g. /api (line 1)',
    ],
    [
      'processes: { a: { start: x, route: /a?b } }',
      'processes.a.route: found "/a?b"; allowed: a path that begins with /, without ? and #, e.g. /api (line 1)',
    ],
    [
      'processes: { a: { start: x, route: /a/../b } }',
      'processes.a.route: found "/a/../b"; allowed: a path that begins with /, without ? and #, e.g. /api (line 1)',
    ],
    [
      'processes: { a: { start: x, route: /.mayfly/x } }',
      'processes.a.route: found "/.mayfly/x"; allowed: any path but those below /.mayfly (line 1)',
    ],
    [
      '- a',
      'found ["a"]; allowed: the keys env, robots, directory, install, build, start, health, inputs, cache, hot, processes',
    ],
    [
      'text',
      'found "text"; allowed: the keys env, robots, directory, install, build, start, health, inputs, cache, hot, processes',
    ],
    ['start: a\nstart: b', '"start" is there twice (line 2)'],
    ['start: !x a', 'Unresolved tag: !x (line 1)'],
    ['a: *b', 'Unresolved alias (the anchor must be set before the alias): b'],
  ])('%j: %s', async (text, message) => {
    expect(await refused(text)).toBe(`.mayfly.yml: ${message}`);
  });

  test('are all told at once, each with its line', async () => {
    const message = await refused(`
      instal: npm ci
      robots: maybe
      env:
        PORT: 80
        A: [1]
      inputs: [src, ../..]
      cache: { builds: [x] }
      directory: gone
      processes:
        Web: { directory: gone, hot: 3 }
    `);
    const about = (key: string, line: number): RegExp => new RegExp(`^  ${key}: .* \\(line ${line}\\)$`, 'm');
    expect(message.split('\n')[0]).toBe('.mayfly.yml has 10 faults:');
    for (const [key, line] of Object.entries({
      instal: 1,
      robots: 2,
      'env.PORT': 4,
      'env.A': 5,
      'cache.builds': 7,
      'processes.Web': 10,
      'processes.Web.directory': 10,
      'processes.Web.hot': 10,
    })) {
      expect(message).toMatch(about(key, line));
    }
    expect(message).toMatch(
      /^  inputs: cannot stand beside processes; move it into the process that it is for \(line 6\)$/m,
    );
    expect(message).toMatch(/^ {2}directory: cannot stand beside processes/m);
  });

  test('long values are cut', async () => {
    expect((await refused(`robots: ${'x'.repeat(5_000)}`)).length).toBeLessThan(200);
  });

  test('are told up to a number that people can read', async () => {
    const message = await refused(Array.from({ length: 6_000 }, (_, index) => `k${index}: 1`).join('\n'));
    expect(message.split('\n')).toHaveLength(32);
    expect(message).toMatch(/\n {2}and 5970 more$/);
  });

  test.each(['__proto__: { start: x }', 'constructor: x', 'processes: { __proto__: { start: x } }'])(
    'are names that objects have anyway: %s',
    async (text) => {
      expect(await refused(text)).toMatch(/^\.mayfly\.yml/);
      expect({}).not.toHaveProperty('start');
    },
  );

  test('a variable by such a name is left out', async () => {
    expect((await recipeOf({ ...APP, ...yml('env: { __proto__: x, A: 1 }') })).env).toEqual({ A: '1' });
  });
});

describe('a file that would take time or memory', () => {
  test('by aliases is refused', async () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`,
    );
    expect(await refused(['l0: &l0 [x,x,x,x,x,x,x,x,x]', ...levels].join('\n'))).toMatch(/Excessive alias count/);
    expect(await refused(`a: &a x\nb: [${'*a,'.repeat(101)}]`)).toBe('.mayfly.yml: it has more than 100 aliases');
  });

  test.each(['['.repeat(30_000), 'a: {b: '.repeat(9_000), `${'- '.repeat(30_000)}a`, '? '.repeat(30_000)])(
    'by its depth is refused',
    async (text) => {
      expect(await refused(text)).toBe('.mayfly.yml: it is nested more than 50 levels deep');
    },
  );

  test('by its size is refused', async () => {
    const message = '.mayfly.yml: must be a plain file of at most 64 KB';
    expect(await refused(`# ${'x'.repeat(65_536)}`)).toBe(message);
    expect(await refused(`# ${'é'.repeat(40_000)}`)).toBe(message);
  });

  test('or is a link is refused', async () => {
    const source = memorySource({ ...APP, ...yml('robots: allow') }, ['.mayfly.yml']);
    await expect(readRecipe(source, SURROUNDINGS)).rejects.toThrow('must be a plain file');
  });
});

describe('a file by another name', () => {
  test.each(['.mayfly.yaml', 'mayfly.yml'])('%s is not read, and that is said', async (name) => {
    const { robots, notes } = await recipeOf({ ...APP, [name]: 'robots: allow' });
    expect(robots).toBe(false);
    expect(notes).toContain(`WARNING: ${name} is IGNORED; its name must be .mayfly.yml`);
  });
});
