/** Directories of modules on disk, handled with the rights of the project's code, in whose hands they are. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Install } from '../recipe/recipe.ts';
import type { PhaseContext } from './phase.ts';
import { shell } from './shell.ts';

/** Scratch space of tools, which they rewrite in place: it would change under the version that serves. */
const DROPPED = '.cache .vite .vite-temp .tmp';
/** Rewritten in place too, but needed: what package managers remember, and what generators put there. */
const COPIED = '.package-lock.json .yarn-integrity .yarn-state.yml .modules.yaml .pnpm/lock.yaml .prisma';

const LINK = `
test -d "$FROM" || exit 1
for path in "$@"; do
  test -e "$FROM/$path" || continue
  mkdir -p "$(dirname "$TO/$path")" && cp -al "$FROM/$path" "$TO/$path" || exit 1
  for name in ${DROPPED}; do rm -rf "$TO/$path/$name"; done
  for name in ${COPIED}; do
    test ! -e "$FROM/$path/$name" || { rm -rf "$TO/$path/$name" && cp -a "$FROM/$path/$name" "$TO/$path/$name"; } || exit 1
  done
done`;

export interface ModulesLink {
  readonly from: string;
  readonly to: string;
  readonly install: Install;
}

/**
 * Copies by hard link: next to no time and space, and the version that serves keeps its own directory. Package managers
 * put new files in place of old ones rather than write into them. False, with nothing left, when it is not possible.
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
