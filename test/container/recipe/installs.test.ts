import { describe, expect, test } from 'vitest';
import type { Install } from '../../../container/src/recipe/recipe.ts';
import { app, faultOf, inside, LOCK, recipeOf, steps, type Tree, typed, yml } from './source.ts';

const start = { start: 'node .' };
const CI = 'npm ci --no-audit --no-fund --include=dev';
const NPM_INSTALL = 'npm install --no-package-lock --no-audit --no-fund --include=dev';
const NONE = new Set<never>();

/** A package with these files beside it, by their texts or, for lock files, by name. */
function repository(files: Tree | readonly string[], manifest: object = {}): Tree {
  const texts = Array.isArray(files) ? Object.fromEntries(files.map((name: string) => [name, lockText(name)])) : files;
  return { 'package.json': { scripts: start, ...manifest }, ...(texts as Tree) };
}

function lockText(name: string): string {
  return name.endsWith('.json') ? JSON.stringify(LOCK) : `# ${name}\n`;
}

async function installOf(tree: Tree, managers?: ReadonlySet<'pnpm' | 'yarn'>): Promise<Install> {
  const { installs } = await recipeOf(tree, managers ? { managers } : {});
  const [install] = installs;
  if (!install || installs.length > 1) throw new Error(`${installs.length} installs`);
  return install;
}

describe('the command follows the lock file', () => {
  test.each([
    [['package-lock.json'], CI],
    [['npm-shrinkwrap.json'], CI],
    [['pnpm-lock.yaml'], 'pnpm install --frozen-lockfile --prod=false'],
    [['yarn.lock'], 'yarn install --frozen-lockfile'],
    [['yarn.lock', '.yarnrc.yml'], 'yarn install --immutable'],
  ])('%j: %s', async (files, command) => {
    const tree = repository(files);
    expect(typed(await installOf(tree))).toBe(command);
    expect((await recipeOf(tree)).notes).toEqual([]);
  });

  test('a lock file of the newer yarn is known without its configuration', async () => {
    const install = await installOf(repository({ 'yarn.lock': '# x\n\n__metadata:\n  version: 8\n' }));
    expect(typed(install)).toBe('yarn install --immutable');
  });

  test.each([
    ['pnpm@9.1.0', 'pnpm install --frozen-lockfile --prod=false', []],
    ['npm@11.0.0', CI, []],
    [
      undefined,
      CI,
      ['package-lock.json is followed, and pnpm-lock.yaml is not; delete it, or set packageManager in package.json'],
    ],
    [
      'yarn@4.0.0',
      CI,
      ['package-lock.json is followed, and pnpm-lock.yaml is not; delete it, or set packageManager in package.json'],
    ],
  ])('of two, packageManager %j decides: %s', async (packageManager, command, notes) => {
    const tree = repository(['pnpm-lock.yaml', 'package-lock.json'], { packageManager });
    expect(typed(await installOf(tree))).toBe(command);
    expect((await recipeOf(tree)).notes).toEqual(notes);
  });

  test('a shrinkwrap and a lock file are both of npm', async () => {
    expect((await recipeOf(repository(['package-lock.json', 'npm-shrinkwrap.json']))).notes).toEqual([]);
  });
});

describe('where no lock file can be followed', () => {
  test.each([
    [[], 'WARNING: there is no lock file; `npm install` picks whatever versions are newest today. Commit a lock file'],
    [
      ['pnpm-lock.yaml'],
      'WARNING: pnpm-lock.yaml is IGNORED since pnpm is not in this image; falling back to `npm install`',
    ],
    [['yarn.lock'], 'WARNING: yarn.lock is IGNORED since yarn is not in this image; falling back to `npm install`'],
    [
      ['bun.lock'],
      'WARNING: bun.lock is IGNORED since only npm, pnpm and yarn are known; falling back to `npm install`',
    ],
  ])('%j: npm install, and a warning', async (files, note) => {
    const tree = repository(files);
    const { installs, notes } = await recipeOf(tree, { managers: NONE });
    expect(installs.map(typed)).toEqual([NPM_INSTALL]);
    expect(installs).toMatchObject([{ repeatable: false }]);
    expect(notes).toEqual([note]);
  });

  test('in a directory the warning names it', async () => {
    const tree = { ...app(start), 'server/package.json': { scripts: start } };
    expect((await recipeOf(tree)).notes).toEqual([
      'WARNING: there is no lock file in server; `npm install` picks whatever versions are newest today. Commit a lock file',
    ]);
  });

  test('of the manager that is asked for, the other one is followed', async () => {
    const tree = repository(['pnpm-lock.yaml', 'package-lock.json'], { packageManager: 'pnpm@9.0.0' });
    const { installs, notes } = await recipeOf(tree, { managers: NONE });
    expect(installs.map(typed)).toEqual([CI]);
    expect(notes).toEqual([
      'WARNING: pnpm-lock.yaml is IGNORED since pnpm is not in this image; package-lock.json is followed',
    ]);
  });
});

describe('a broken lock file', () => {
  const CONFLICT = 'it holds the markers of a git merge conflict';
  const MARKED = 'a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> main\n';
  test.each([
    ['package-lock.json', MARKED, CONFLICT],
    ['pnpm-lock.yaml', MARKED, CONFLICT],
    ['yarn.lock', MARKED, CONFLICT],
    ['package-lock.json', '', 'it is empty'],
    ['package-lock.json', '{"a": tru', 'it is not valid JSON: Unexpected end of JSON input'],
    ['npm-shrinkwrap.json', '{"a"\n:x}', 'it is not valid JSON: unexpected "x" (line 2)'],
  ])('%s with %j is refused', async (file, text, reason) => {
    expect(await faultOf(repository({ [file]: text }))).toBe(
      `${file} cannot be used: ${reason}. Make it anew, and commit it`,
    );
  });

  test('is told together with what is wrong elsewhere', async () => {
    const tree = {
      ...app(start),
      ...inside('server', { ...app(start), 'package-lock.json': '' }),
      'package-lock.json': '{',
    };
    const message = await faultOf(tree);
    expect(message).toMatch(/^package-lock\.json cannot be used.*\nserver\/package-lock\.json cannot be used/);
  });

  test('of a manager that is not used does no harm', async () => {
    const tree = repository({ 'package-lock.json': JSON.stringify(LOCK), 'yarn.lock': MARKED });
    expect(typed(await installOf(tree))).toBe(CI);
  });
});

describe('inputs', () => {
  test('are the files that decide what is installed', async () => {
    const files = [
      '.npmrc',
      'patches/a.patch',
      'patches/deep/b.patch',
      '.pnpmfile.cjs',
      '.yarnrc',
      'src/a.ts',
      'README.md',
    ];
    const tree = { ...app(start), ...Object.fromEntries(files.map((file) => [file, 'x'])) };
    expect((await installOf(tree)).inputs).toEqual([
      '.npmrc',
      '.pnpmfile.cjs',
      '.yarnrc',
      'package-lock.json',
      'package.json',
      'patches/a.patch',
      'patches/deep/b.patch',
    ]);
  });

  test('include the recipe when that sets variables', async () => {
    const withEnv = { ...app(start), ...yml('env: { CYPRESS_INSTALL_BINARY: 0 }') };
    expect((await installOf(withEnv)).inputs).toContain('.mayfly.yml');
    expect((await installOf({ ...app(start), ...yml('robots: allow') })).inputs).not.toContain('.mayfly.yml');
  });

  test('include what the recipe names, by path and by glob', async () => {
    const tree = {
      ...app(start),
      ...yml('cache: { install: [prisma, "*.toml"] }'),
      'prisma/schema.prisma': '',
      'a.toml': '',
      b: '',
    };
    expect((await installOf(tree)).inputs).toEqual([
      'a.toml',
      'package-lock.json',
      'package.json',
      'prisma/schema.prisma',
    ]);
  });
});

describe('repeatable', () => {
  const rows: readonly (readonly [boolean, string, Tree])[] = [
    [true, 'a lock file', app(start)],
    [true, 'hooks for a developer’s git', app({ ...start, prepare: 'husky' })],
    [true, 'hooks in the older way', app({ ...start, prepare: 'husky install || true' })],
    [true, 'patches, which are inputs', app({ ...start, postinstall: 'patch-package' })],
    [
      true,
      'files that the recipe names',
      { ...app({ ...start, postinstall: 'x' }), ...yml('cache: { install: [gen] }') },
    ],
    [true, 'an own command that is ours', { ...app(start), ...yml('install: npm ci --ignore-scripts') }],
    [true, 'a directory of npm, by link', { ...app(start, { dependencies: { a: 'file:./a' } }), 'a/package.json': {} }],
    [true, 'yarn with node_modules', repository({ 'yarn.lock': '', '.yarnrc.yml': 'nodeLinker: node-modules\n' })],
    [false, 'an own command', { ...app(start), ...yml('install: make') }],
    [false, 'several own commands', { ...app(start), ...yml('install: [npm ci, npx prisma generate]') }],
    [false, 'an install without a lock', { ...app(start), ...yml('install: npm install') }],
    [false, 'native code of its own', { ...app(start), 'binding.gyp': '' }],
    [false, 'committed modules', { ...app(start), 'node_modules/a/index.js': '' }],
    [false, 'the modern yarn’s own way', repository({ 'yarn.lock': '', '.yarnrc.yml': '' })],
    [
      false,
      'a script in a linked directory',
      { ...app(start, { dependencies: { a: 'file:a' } }), 'a/package.json': { scripts: { prepare: 'x' } } },
    ],
    [
      false,
      'a directory that pnpm copies',
      { ...repository({ 'pnpm-lock.yaml': '' }, { dependencies: { a: 'file:a' } }), 'a/package.json': {} },
    ],
    ...['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare'].map(
      (name) => [false, `a script ${name}`, app({ ...start, [name]: 'node generate.js' })] as const,
    ),
  ];
  test.each(rows)('%j: %s', async (repeatable, _, tree) => {
    expect(await installOf(tree)).toMatchObject({ repeatable });
  });
});

describe('outputs', () => {
  test('are the modules of the directory', async () => {
    expect((await installOf(app(start))).outputs).toEqual(['node_modules']);
  });

  test('are those of directories that it depends on by path, too', async () => {
    const tree = {
      ...inside(
        'server',
        app(start, {
          dependencies: { shared: 'file:../shared', x: 'file:x.tgz', gone: 'link:../gone', out: 'file:../../out' },
        }),
      ),
      ...yml('directory: server'),
      'shared/package.json': { dependencies: { deep: 'link:./deep' } },
      'shared/deep/package.json': {},
    };
    const install = await installOf(tree);
    expect(install.outputs).toEqual(['server/node_modules', 'shared/deep/node_modules', 'shared/node_modules']);
    expect(install.inputs).toContain('shared/deep/package.json');
  });

  test('of an own command are those of every package below', async () => {
    const tree = {
      ...app(start),
      ...yml('install: make modules'),
      'a/package.json': {},
      'a/node_modules/b/package.json': {},
    };
    expect((await installOf(tree)).outputs).toEqual(['a/node_modules', 'node_modules']);
  });

  test('belong to one install only', async () => {
    const tree = {
      ...app({ ...start, build: 'b' }),
      ...yml('install: make modules\nstart: node .'),
      ...inside('server', app({ start: 'node .' })),
    };
    const { installs } = await recipeOf(tree);
    expect(steps(installs)).toEqual(['.: make modules', `server: ${CI}`]);
    expect(installs.map(({ outputs }) => outputs)).toEqual([['node_modules'], ['server/node_modules']]);
  });
});

describe('an own command', () => {
  test('runs in the directory of the app; a list stops at the first that fails', async () => {
    const tree = { ...inside('a', app(start)), ...yml('directory: a\ninstall: [npm ci, "x # y"]') };
    const install = await installOf(tree);
    expect(install.directory).toBe('a');
    expect(typed(install)).toBe('(npm ci\n) &&\n(x # y\n)');
    expect(install.command.title).toBe('npm ci && x # y');
  });

  test('needs no package.json', async () => {
    const tree = { ...yml('install: pip install .\nstart: python -m app'), 'app.py': '' };
    expect(steps((await recipeOf(tree)).installs)).toEqual(['.: pip install .']);
  });

  test('that is false installs nothing', async () => {
    expect((await recipeOf({ ...app(start), ...yml('install: false') })).installs).toEqual([]);
  });

  test('that goes into server/ leaves it to that', async () => {
    const tree = {
      ...app({ ...start }),
      ...inside('server', app(start)),
      ...yml('install: [npm ci, npm --prefix server ci]'),
    };
    expect((await recipeOf(tree)).installs).toHaveLength(1);
  });
});
