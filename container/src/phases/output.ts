/**
 * What a build wrote. Found afterwards rather than declared: everything that git does not know, in the build's own
 * directory. All of it is done with the rights of the project's code, in whose hands the checkout is by then.
 */
import { join } from 'node:path';
import type { Place } from '../cache/place.ts';
import type { Build, Recipe } from '../recipe/recipe.ts';
import type { PhaseContext } from './phase.ts';
import { MOST_LINES, shell } from './shell.ts';

export interface Copy {
  readonly from: string;
  readonly to: string;
  /** Below both; those that do not exist are left out. */
  readonly paths: readonly string[];
}

/** Copies, and links nothing: builds rewrite their output in place. False when something could not be copied. */
export async function copyPaths(context: PhaseContext, { from, to, paths }: Copy): Promise<boolean> {
  if (paths.length === 0) return true;
  const script = `
for path in "$@"; do
  if test -e "$FROM/$path"; then
    mkdir -p "$(dirname -- "$TO/$path")" && cp -a -- "$FROM/$path" "$TO/$path" || exit 1
  fi
done`;
  return (await shell(context, to, { script, args: paths, env: { FROM: from, TO: to } })) !== undefined;
}

/** A moment as the file system tells it, to compare files with. */
export async function timestamp(context: PhaseContext, dir: string): Promise<string> {
  const [file = ''] = (await shell(context, dir, { script: 'mktemp -t mayfly-XXXXXX' })) ?? [];
  return file;
}

export interface Finished {
  readonly dir: string;
  readonly recipe: Recipe;
  readonly build: Build;
  /** The timestamp of its beginning. */
  readonly before: string;
}

/** Caches of tools, which the output does not need. */
const TOOL_CACHES = ['.cache', '.vite', '.vite-temp', '.tmp'].map((name) => `-name ${name} -prune -o`).join(' ');
/**
 * Paths from the root of the checkout, looked up before the app runs and may write too. Undefined when the output cannot
 * be told apart: the build changed files of the repository, or wrote nothing.
 */
export async function findOutput(context: PhaseContext, finished: Finished): Promise<readonly string[] | undefined> {
  const { dir, recipe, build } = finished;
  const nested = recipe.builds
    .map((each) => each.directory)
    .filter((each) => each !== build.directory && isBelow(each, build.directory));
  const script = `
test -z "$(git status --porcelain --untracked-files=no -- "./$DIRECTORY")" || exit 1
git -c core.quotePath=false ls-files --others --directory --exclude=node_modules --full-name -- "./$DIRECTORY"`;
  const lines = await shell(context, dir, { script, env: { DIRECTORY: build.directory } });
  const paths = lines
    ?.map((line) => line.replace(/\/$/, ''))
    // Names that git has to quote are rare in output; without them it would not be whole.
    .filter((path) => !nested.some((each) => isBelow(path, each)) && !build.carried.includes(path));
  const usable = paths && paths.length > 0 && paths.length <= MOST_LINES && !paths.some((path) => path.startsWith('"'));
  return usable ? paths : undefined;
}

/** True when the build also wrote into the modules, as `prisma generate` does: then its output is not all there is. */
export async function changedModules(context: PhaseContext, { dir, recipe, before }: Finished): Promise<boolean> {
  const modules = recipe.installs.flatMap((install) => install.outputs);
  const script = `
trap 'rm -f -- "$BEFORE"' EXIT
for each in "$@"; do
  test ! -d "$each" || test -z "$(find "$each" ${TOOL_CACHES} -newer "$BEFORE" -type f ! -name '.*' -print -quit)" || exit 1
done`;
  if (before === '') return true;
  return (await shell(context, dir, { script, args: modules, env: { BEFORE: before } })) === undefined;
}

function isBelow(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

/** Where output is gathered, in a build's own directory, so that one archive with one name in it holds all of it. */
const GATHERED = '.mayfly-output';

/** What a cache packs. Undefined when it could not be gathered; `discard` it afterwards. */
export async function gather(
  context: PhaseContext,
  { dir, build }: Pick<Finished, 'dir' | 'build'>,
  paths: readonly string[],
): Promise<Place | undefined> {
  const script = `
rm -rf "$GATHERED" && mkdir "$GATHERED" && cd "$ROOT" || exit 1
for path in "$@"; do
  mkdir -p "$(dirname "$GATHERED/tree/$path")" && cp -a "$path" "$GATHERED/tree/$path" || exit 1
  printf '%s\n' "$path" >> "$GATHERED/paths"
done`;
  const cwd = join(dir, build.directory);
  const env = { ROOT: dir, GATHERED: join(cwd, GATHERED) };
  return (await shell(context, cwd, { script, args: paths, env })) && { dir: cwd, paths: [GATHERED] };
}

export function placeOfGathered(dir: string, build: Build): Place {
  return { dir: join(dir, build.directory), paths: [GATHERED] };
}

/** Puts what was gathered, and has come back out of a cache, where the build had put it. The paths, when all went well. */
export async function scatter(
  context: PhaseContext,
  { dir, build }: Pick<Finished, 'dir' | 'build'>,
): Promise<readonly string[] | undefined> {
  const script = `
cd "$ROOT" || exit 1
while IFS= read -r path; do
  mkdir -p "$(dirname "$path")" && test ! -e "$path" && mv "$GATHERED/tree/$path" "$path" && printf '%s\n' "$path" || exit 1
done < "$GATHERED/paths"
rm -rf "$GATHERED"`;
  const cwd = join(dir, build.directory);
  return await shell(context, cwd, { script, env: { ROOT: dir, GATHERED: join(cwd, GATHERED) } });
}

export async function discard(context: PhaseContext, { dir, paths }: Place): Promise<void> {
  await shell(context, dir, { script: 'rm -rf -- "$@"', args: paths });
}
