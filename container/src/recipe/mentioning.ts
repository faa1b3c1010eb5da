/** Whether what builds a directory reads another one inside it. */
import type { Manifest } from './manifest.ts';
import { isBelow, join, parent } from './paths.ts';
import type { Repo } from './repo.ts';
import { mentions, textsOf, type Work } from './script-words.ts';
import { parseTsConfig } from './tsconfig.ts';
import { UNREAD } from './unread.ts';

const QUOTE = '["\'`]';
/** They read whatever tsconfig.json takes in. */
const CHECKERS = ['tsc', 'vue-tsc', 'next', 'nuxt', 'svelte-check', 'ng'];
/** Tailwind 4 looks for its classes in all files around it; those of a server's code are not shown, but these may be. */
const TEMPLATE = /\.(?:html?|ejs|hbs|handlebars|pug|njk|liquid|mustache|eta|tsx|jsx|vue|svelte|astro)$/;

/** `inner` is below the directory of the build. When in doubt it does. */
export async function readsInner(repo: Repo, work: Work, inner: string): Promise<boolean> {
  const { directory: outer } = work;
  const manifest = await repo.manifest(outer);
  const name = inner.slice(inner.lastIndexOf('/') + 1);
  const scripts = await textsOf(repo, work);
  if (scripts.some((text) => mentions(text, name)) || (manifest && speaksOf(manifest.rest, name))) return true;
  if (manifest && scansForClasses(manifest) && filesBelow(repo, inner).some((path) => TEMPLATE.test(path))) return true;
  const checks = scripts.some((text) => CHECKERS.some((checker) => mentions(text, checker)));
  return (
    (await isConfigured(repo, { outer, inner, name, checks })) ||
    (await isNamed(repo, { outer, inner, name, manifest }))
  );
}

/** In more files than these it is no accident. */
const MOST_MENTIONS = 50;

interface Pair {
  readonly outer: string;
  readonly inner: string;
  /** Last part of the inner one. */
  readonly name: string;
}

async function isConfigured(
  repo: Repo,
  { outer, inner, name, checks }: Pair & { readonly checks: boolean },
): Promise<boolean> {
  for (const path of tsConfigs(repo, outer)) {
    const text = await repo.glance(path);
    const config = text === undefined ? undefined : parseTsConfig(text, path);
    if (!config || speaksOf(config.rest, name)) return true;
    const sources = filesBelow(repo, inner).filter((each) => /\.[cm]?tsx?$/.test(each));
    const fromOuter = (each: string): string => (outer === '' ? each : each.slice(outer.length + 1));
    if (checks && sources.some((each) => config.includes(fromOuter(each)))) return true;
  }
  return false;
}

export function tsConfigs(repo: Repo, directory: string): string[] {
  return [...repo.source.files.keys()].filter(
    (path) => parent(path) === directory && /(?:^|\/)tsconfig[^/]*\.json$/.test(path),
  );
}

/** In a path, by any file around it; or one beside the package.json takes in everything below, by `**`. */
async function isNamed(
  repo: Repo,
  { outer, inner, name, manifest }: Pair & { readonly manifest: Manifest | undefined },
): Promise<boolean> {
  const word = `${name.replaceAll(/[.[\]{}()*+?^$|\\]/g, '\\$&')}(${QUOTE}|/)`;
  const around = outer === '' ? [] : [`:(literal)${outer}`];
  const except = [`:(exclude,literal)${inner}`, `:(exclude,literal)${join(outer, 'package.json')}`];
  const configs = tsConfigs(repo, outer).map((path) => `:(exclude,literal)${path}`);
  const all = [...around, ...except, ...configs, ...UNREAD];
  const found = await repo.source.grep(`(^|[^A-Za-z0-9_-])${word}|${QUOTE}(\\./)?\\*\\*`, all);
  if (found.some(({ path, text }) => text.includes('**') && parent(path) === outer)) return true;
  const paths = new Set(found.filter(({ text }) => !text.includes('**')).map(({ path }) => path));
  if (paths.size === 0) return false;
  // With what stands before the name, which takes git longer to find.
  const few = [...paths].slice(0, MOST_MENTIONS).map((path) => `:(literal)${path}`);
  const mentions = await repo.source.grep(`[A-Za-z0-9_@./-]*${word}`, few);
  return paths.size > few.length || mentions.some(({ text }) => isPathTo(text, name, manifest));
}

/** `./server/x`, but neither `entry-server/` nor a module of an installed package, such as `react-dom/server`. */
function isPathTo(text: string, name: string, manifest: Manifest | undefined): boolean {
  const segments = text.replace(/["'`/]$/, '').split('/');
  const [first = '', second = ''] = segments;
  const installed = manifest?.dependencies ?? {};
  if (Object.hasOwn(installed, first) || Object.hasOwn(installed, `${first}/${second}`)) return false;
  return segments.includes(name);
}

function speaksOf(json: string, name: string): boolean {
  return json.split(/["/]/).includes(name);
}

function scansForClasses({ dependencies }: Manifest): boolean {
  const version = /\d+/.exec(dependencies['tailwindcss'] ?? '')?.[0] ?? '0';
  return Number(version) >= 4 || Object.keys(dependencies).some((name) => name.startsWith('@tailwindcss/'));
}

function filesBelow(repo: Repo, directory: string): string[] {
  return [...repo.source.files.keys()].filter((path) => isBelow(path, directory));
}
