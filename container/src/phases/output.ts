/**
 * What builds wrote. Found afterwards rather than declared: everything that git does not know. It is set aside before
 * the app runs and may write too, where no tool looks: in the checkout's own `.git`. All of it is done with the rights of
 * the project's code, in whose hands the checkout is by then.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Place } from '../cache/place.ts';
import type { Build, Recipe } from '../recipe/recipe.ts';
import type { PhaseContext } from './phase.ts';
import { MOST_LINES, shell } from './shell.ts';

/** Copies, and links nothing: builds rewrite files in place. What does not exist is left out. */
export async function copyPaths(
  context: PhaseContext,
  { from, to, paths }: { readonly from: string; readonly to: string; readonly paths: readonly string[] },
): Promise<void> {
  const script = `
for path in "$@"; do
  test ! -e "$FROM/$path" || { mkdir -p "$(dirname "$TO/$path")" && cp -a "$FROM/$path" "$TO/$path"; }
done`;
  if (paths.length > 0) await shell(context, to, { script, args: paths, env: { FROM: from, TO: to } });
}

/** The moment at which a build begins as the file system tells it, to compare files with; empty when it cannot be had. */
export async function timestamp(context: PhaseContext, dir: string, build: Build): Promise<string> {
  const file = join(dir, '.git', `mayfly-began-${nameOf(build)}`);
  return (await shell(context, dir, { script: ': > "$FILE"', env: { FILE: file } })) ? file : '';
}

/**
 * Paths by directory of the build that wrote them: the deepest one around them. Undefined when that cannot be told: a
 * build changed files of the repository, or wrote where no build is.
 */
export async function findOutputs(
  context: PhaseContext,
  dir: string,
  { builds }: Recipe,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  const script = `
test -z "$(git status --porcelain --untracked-files=no)" || exit 1
git -c core.quotePath=false ls-files --others --directory --exclude=node_modules`;
  const lines = await shell(context, dir, { script });
  // Names that git has to quote are rare in output; without them it would not be whole.
  if (!lines || lines.length > MOST_LINES || lines.some((line) => line.startsWith('"'))) return undefined;
  const outputs = new Map<string, string[]>(builds.map(({ directory }) => [directory, []]));
  for (const path of lines.map((line) => line.replace(/\/$/, ''))) {
    const [owner] = [...outputs.keys()]
      .filter((directory) => directory === '' || path === directory || path.startsWith(`${directory}/`))
      .toSorted((a, b) => b.length - a.length);
    if (owner === undefined) return undefined;
    outputs.get(owner)?.push(path);
  }
  return outputs;
}

/** Caches of tools, which the output does not need. */
const TOOL_CACHES = ['.cache', '.vite', '.vite-temp', '.tmp'].map((name) => `-name ${name} -prune -o`).join(' ');

/** True when a build also wrote into the modules, as `prisma generate` does: then its output is not all there is. */
export async function changedModules(
  context: PhaseContext,
  { dir, recipe, before }: { readonly dir: string; readonly recipe: Recipe; readonly before: string },
): Promise<boolean> {
  if (before === '') return true;
  const modules = recipe.installs.flatMap((install) => install.outputs);
  const script = `
for each in "$@"; do
  test ! -d "$each" || test -z "$(find "$each" ${TOOL_CACHES} -newer "$BEFORE" -type f ! -name '.*' -print -quit)" || exit 1
done`;
  return (await shell(context, dir, { script, args: modules, env: { BEFORE: before } })) === undefined;
}

/** Where the output of a build is set aside, in one directory, so that an archive with one name in it holds all of it. */
export function placeAside(dir: string, build: Build): Place {
  return { dir: join(dir, '.git'), paths: [`mayfly-output-${nameOf(build)}`] };
}

function nameOf({ directory }: Build): string {
  return createHash('sha256').update(directory).digest('hex').slice(0, 16);
}

/** False, with nothing left, when it could not be done. */
export async function setAside(
  context: PhaseContext,
  { dir, build }: { readonly dir: string; readonly build: Build },
  paths: readonly string[],
): Promise<boolean> {
  const aside = asideOf(dir, build);
  // What helps the next build is copied to it otherwise, and may be large.
  const script = `
trap 'test -e "$ASIDE/complete" || rm -rf "$ASIDE"' EXIT
rm -rf "$ASIDE" && mkdir -p "$ASIDE/tree" && : > "$ASIDE/paths" || exit 1
for path in "$@"; do
  mkdir -p "$(dirname "$ASIDE/tree/$path")" && cp -a "$path" "$ASIDE/tree/$path" || exit 1
  printf '%s\\n' "$path" >> "$ASIDE/paths"
done
printf '%s' "$CARRIED" | while IFS= read -r path; do rm -rf "$ASIDE/tree/$path"; done
: > "$ASIDE/complete"`;
  const env = { ASIDE: aside, CARRIED: build.carried.map((path) => `${path}\n`).join('') };
  return (await shell(context, dir, { script, args: paths, env })) !== undefined;
}

/** Puts the output that was set aside where the build had put it. False when something is in the way or missing. */
export async function bringBack(
  context: PhaseContext,
  { dir, build }: { readonly dir: string; readonly build: Build },
): Promise<boolean> {
  const script = `
test -e "$ASIDE/complete" || exit 1
while IFS= read -r path; do
  mkdir -p "$(dirname "$path")" && test ! -e "$path" && cp -a "$ASIDE/tree/$path" "$path" || exit 1
done < "$ASIDE/paths"`;
  return (await shell(context, dir, { script, env: { ASIDE: asideOf(dir, build) } })) !== undefined;
}

/** From the version that serves. Nobody writes there, so links will do. */
export async function takeAside(
  context: PhaseContext,
  { from, to, build }: { readonly from: string; readonly to: string; readonly build: Build },
): Promise<boolean> {
  const script = 'test -e "$FROM/complete" && { cp -al "$FROM" "$TO" || cp -a "$FROM" "$TO"; }';
  const env = { FROM: asideOf(from, build), TO: asideOf(to, build) };
  return (await shell(context, to, { script, env })) !== undefined;
}

function asideOf(dir: string, build: Build): string {
  const place = placeAside(dir, build);
  return join(place.dir, place.paths[0] ?? '');
}
