/** Repositories as values: a list of paths with their texts, read from memory or out of a real git. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { matchesGlob } from 'node:path/posix';
import { readRecipe } from '../../../container/src/recipe/read.ts';
import type {
  Build,
  Install,
  ProcessRecipe,
  Recipe,
  Source,
  Surroundings,
} from '../../../container/src/recipe/recipe.ts';
import { PhaseError } from '../../../container/src/updates/progress.ts';
import { temporary } from '../stage.ts';

/** Objects are written as JSON. */
export type Tree = Readonly<Record<string, string | object>>;

export const SURROUNDINGS: Surroundings = {
  managers: new Set(['pnpm', 'yarn']),
  publicHost: 'shop.preview.test',
  healthPath: '/',
};

export function textsOf(tree: Tree): ReadonlyMap<string, string> {
  const entries = Object.entries(tree);
  return new Map(entries.map(([path, text]) => [path, typeof text === 'string' ? text : JSON.stringify(text)]));
}

function blobId(text: string): string {
  return createHash('sha1')
    .update(`blob ${Buffer.byteLength(text)}\0${text}`)
    .digest('hex');
}

/** `links` are paths that the source says are links. */
export function memorySource(tree: Tree, links: readonly string[] = []): Source {
  const texts = textsOf(tree);
  return {
    files: new Map([...texts].map(([path, text]) => [path, blobId(text)])),
    async text(path) {
      if (links.includes(path))
        throw new PhaseError('recipe', `${path} is a link; it must be a file of the repository`);
      return texts.get(path);
    },
    async grep(pattern, pathspecs) {
      const matches = pathspecFilter(pathspecs);
      return [...texts].filter(([path]) => matches(path)).flatMap(([path, text]) => grep(pattern, path, text));
    },
  };
}

function grep(pattern: string, path: string, text: string): { path: string; text: string }[] {
  return text
    .split('\n')
    .flatMap((line) => [...line.matchAll(new RegExp(pattern, 'g'))].map(([match]) => ({ path, text: match })));
}

/** Those that recipes use: `:(literal)x`, `:(exclude,literal)x`, `:(exclude,glob)**\/x`. */
function pathspecFilter(pathspecs: readonly string[]): (path: string) => boolean {
  const tests = pathspecs.map((pathspec) => {
    const [, magic = '', value = ''] = /^:\(([a-z,]+)\)(.*)$/.exec(pathspec) ?? [];
    if (magic === '') throw new Error(`no such pathspec here: ${pathspec}`);
    const isMatch = magic.includes('glob')
      ? (path: string) => matchesGlob(path, value)
      : (path: string) => path === value || path.startsWith(`${value}/`);
    return { exclude: magic.includes('exclude'), isMatch };
  });
  const positive = tests.filter(({ exclude }) => !exclude);
  return (path) =>
    (positive.length === 0 || positive.some(({ isMatch }) => isMatch(path))) &&
    !tests.some(({ exclude, isMatch }) => exclude && isMatch(path));
}

/** The same questions, answered by git. */
export function gitSource(tree: Tree): Source {
  const dir = temporary();
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: dir,
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  git('init', '--quiet', '--template=');
  for (const [path, text] of textsOf(tree)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  git('add', '--force', '.');
  const id = git('write-tree');
  const grepTree = (pattern: string, pathspecs: readonly string[]): string => {
    try {
      return git('grep', '-I', '-o', '-z', '--full-name', '-E', '-e', pattern, id, '--', ...pathspecs);
    } catch (error) {
      if (error instanceof Error && 'status' in error && error.status === 1) return '';
      throw error;
    }
  };
  return {
    ...memorySource(tree),
    async grep(pattern, pathspecs) {
      const lines = grepTree(pattern, pathspecs).split('\n');
      return lines
        .filter((line) => line !== '')
        .map((line) => {
          const [place = '', text = ''] = line.split('\0', 2);
          return { path: place.slice(`${id}:`.length), text };
        });
    },
  };
}

export function recipeOf(tree: Tree, surroundings: Partial<Surroundings> = {}): Promise<Recipe> {
  return readRecipe(memorySource(tree), { ...SURROUNDINGS, ...surroundings });
}

/** The message of the failure; a test fails when there is none, or when it is no fault of the recipe. */
export async function faultOf(tree: Tree, surroundings: Partial<Surroundings> = {}): Promise<string> {
  const recipe = await recipeOf(tree, surroundings).catch((error: unknown) => error);
  if (recipe instanceof PhaseError && recipe.phase === 'recipe') return recipe.message;
  throw new Error(`not refused: ${recipe instanceof Error ? recipe.stack : JSON.stringify(recipe)}`);
}

/** A command as people would type it. */
export function typed({ command }: Pick<Install | Build | ProcessRecipe, 'command'>): string {
  const { file, args } = command;
  return file === '/bin/sh' ? (args[1] ?? '') : [file, ...args].join(' ');
}

/** `directory: command` of each, for tables. */
export function steps(all: readonly (Install | Build | ProcessRecipe)[]): string[] {
  return all.map((each) => `${each.directory || '.'}: ${typed(each)}`);
}

/** A lock file of npm that is valid. */
export const LOCK = { lockfileVersion: 3, packages: {} };

/** A package.json with these scripts, and a lock file. */
export function app(scripts: Readonly<Record<string, string>>, more: object = {}): Tree {
  return { 'package.json': { scripts, ...more }, 'package-lock.json': LOCK };
}

/** The same files in a directory. */
export function inside(directory: string, tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).map(([path, text]) => [`${directory}/${path}`, text]));
}

/** A `.mayfly.yml`, with the indentation of the test's code taken off. */
export function yml(text: string): Tree {
  const indent = /^ */.exec(text.replace(/^\n/, ''))?.[0] ?? '';
  return { '.mayfly.yml': text.replaceAll(new RegExp(`^${indent}`, 'gm'), '').replace(/^\n/, '') };
}
