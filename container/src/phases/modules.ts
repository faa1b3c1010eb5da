/** Directories of modules on disk, handled with the rights of the project's code, in whose hands they are. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Install } from '../recipe/recipe.ts';
import type { PhaseContext } from './phase.ts';
import { shell } from './shell.ts';

/** Tools rewrite their caches in place, and a linked file would change under the version that serves. */
const TOOL_CACHES = '.cache .vite .vite-temp .tmp';

const LINK = `
for path in "$@"; do
  if test -e "$FROM/$path"; then
    mkdir -p "$(dirname "$TO/$path")" && cp -al "$FROM/$path" "$TO/$path" || exit 1
  fi
  for cache in ${TOOL_CACHES}; do rm -rf "$TO/$path/$cache"; done
done`;

export interface ModulesLink {
  readonly from: string;
  readonly to: string;
  readonly install: Install;
}

/**
 * Copies by hard link: next to no time and space, and the version that serves keeps its own directory. False, with
 * nothing left, when that is not possible here.
 */
export async function linkModules(context: PhaseContext, { from, to, install }: ModulesLink): Promise<boolean> {
  const run = { script: LINK, args: install.outputs, env: { FROM: from, TO: to } };
  if ((await shell(context, to, run)) !== undefined) return true;
  await removeModules(context, to, install);
  return false;
}

export async function removeModules(context: PhaseContext, dir: string, { outputs }: Install): Promise<void> {
  await shell(context, dir, { script: 'rm -rf -- "$@"', args: outputs });
}

/** True when each of the modules that a package asks for is beside it, so that it needs none of its parents'. */
export async function isSelfContained(dir: string, dependencies: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    dependencies.map((name) =>
      access(join(dir, 'node_modules', name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}
