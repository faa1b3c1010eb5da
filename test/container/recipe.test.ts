import { describe, expect, test } from 'vitest';
import { detectRecipe } from '../../container/src/recipe/simple.ts';

const EVERYTHING = () => true;
const NOTHING = () => false;

function detect(
  manifest: object,
  files: readonly string[] = ['package-lock.json'],
  has: (name: string) => boolean = EVERYTHING,
) {
  return detectRecipe({ files: new Set([...files, 'package.json']), manifest: JSON.stringify(manifest) }, has);
}

const scripts = { start: 'node server.js' };

describe('installing', () => {
  test.each([
    ['package-lock.json', 'npm ci'],
    ['npm-shrinkwrap.json', 'npm ci'],
    ['pnpm-lock.yaml', 'pnpm install --frozen-lockfile'],
    ['yarn.lock', 'yarn install --frozen-lockfile'],
  ])('follows %s', (file, command) => {
    const { install, note, lockFile } = detect({ scripts }, [file]);
    expect([install.file, ...install.args].join(' ')).toMatch(new RegExp(`^${command}`));
    expect(note).toBeUndefined();
    expect(lockFile).toBe(file);
  });

  test('knows the flags of the newer yarn', () => {
    expect(detect({ scripts }, ['yarn.lock', '.yarnrc.yml']).install.args).toEqual(['install', '--immutable']);
  });

  test('without a lock file uses npm install and says so', () => {
    const { install, note, lockFile } = detect({ scripts }, []);
    expect(install.args[0]).toBe('install');
    expect(note).toMatch(/no lock file/);
    expect(lockFile).toBeUndefined();
  });

  test('falls back to npm install when the package manager is not in the image, and says so', () => {
    const { install, note } = detect({ scripts }, ['pnpm-lock.yaml'], NOTHING);
    expect(install.title).toBe('npm install');
    expect(note).toBe(
      'WARNING: pnpm-lock.yaml is IGNORED since pnpm is not in this image; falling back to `npm install`',
    );
  });
});

describe('scripts', () => {
  test('run in a shell of their own', () => {
    const { build, start } = detect({ scripts: { ...scripts, build: 'tsc' } });
    expect(start).toEqual({ file: '/bin/sh', args: ['-c', 'node server.js'], title: 'npm run start' });
    expect(build?.args).toEqual(['-c', 'tsc']);
  });

  test.each([
    [{ start: 'x', prestart: 'y' }, 'package-lock.json', 'npm'],
    [{ start: 'echo $npm_package_version' }, 'package-lock.json', 'npm'],
    [{ start: 'x', poststart: 'y' }, 'pnpm-lock.yaml', 'pnpm'],
    [{ start: 'x' }, 'yarn.lock', 'yarn'],
  ])('%j with %s run under %s', (given, file, manager) => {
    expect(detect({ scripts: given }, [file]).start).toMatchObject({ file: manager, args: ['run', 'start'] });
  });

  test('fall back to dev; there need not be a build', () => {
    const recipe = detect({ scripts: { dev: 'vite' } });
    expect(recipe.start.title).toBe('npm run dev');
    expect(recipe.build).toBeUndefined();
  });

  test('of which none starts the app are a failure of the phase start', () => {
    expect(() => detect({ scripts: { build: 'x', toString: 'y' } })).toThrow(
      expect.objectContaining({ phase: 'start' }),
    );
  });
});

describe('package.json', () => {
  test.each([undefined, '', 'null', '[]', '"x"', '{'])('that is %j is a failure of the phase install', (manifest) => {
    expect(() => detectRecipe({ files: new Set(), manifest }, NOTHING)).toThrow(
      expect.objectContaining({ phase: 'install', message: expect.stringContaining('package.json') as string }),
    );
  });

  test('with odd scripts is read as far as it makes sense', () => {
    const { manifest } = detect({ scripts: { ...scripts, build: 7 }, workspaces: ['a'] });
    expect(manifest.scripts).toEqual(scripts);
    expect(manifest.workspaces).toBe(true);
  });
});
