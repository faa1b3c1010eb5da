/** Directories that are installed together, as npm, yarn and pnpm know them. */
import { PhaseError } from '../updates/progress.ts';
import { makeMatcher } from './globs.ts';
import { isRecord } from './manifest.ts';
import { join, selfAndParents } from './paths.ts';
import type { Repo } from './repo.ts';
import { parseYaml } from './yaml.ts';

export interface Workspace {
  readonly root: string;
  /** Directories, without the root. */
  readonly members: readonly string[];
}

/** The one that the directory is the root or a member of. */
export async function workspaceOf(repo: Repo, directory: string): Promise<Workspace | undefined> {
  for (const root of selfAndParents(directory)) {
    const globs = [...((await repo.manifest(root))?.workspaces ?? []), ...(await pnpmGlobs(repo, root))];
    if (globs.length > 0) {
      const members = membersOf(repo, root, globs);
      if (root === directory || members.includes(directory)) return { root, members };
    }
  }
  return undefined;
}

/** Where a directory is installed: alone, or with its workspace. */
export async function homeOf(repo: Repo, directory: string): Promise<Workspace> {
  return (await workspaceOf(repo, directory)) ?? { root: directory, members: [] };
}

/** A glob that begins with `!` takes directories out. */
function membersOf(repo: Repo, root: string, globs: readonly string[]): readonly string[] {
  const isNegative = (glob: string): boolean => glob.startsWith('!');
  const within = globs.filter((glob) => !isNegative(glob)).map((glob) => makeMatcher(join(root, glob)));
  const without = globs.filter(isNegative).map((glob) => makeMatcher(join(root, glob.slice(1))));
  return repo
    .packagesBelow(root)
    .filter(
      (directory) =>
        directory !== root && within.some((each) => each(directory)) && !without.some((each) => each(directory)),
    );
}

async function pnpmGlobs(repo: Repo, root: string): Promise<readonly string[]> {
  const path = join(root, 'pnpm-workspace.yaml');
  const text = repo.source.files.has(path) ? await repo.source.text(path) : undefined;
  if (text === undefined) return [];
  const parsed = await parseYaml(text);
  if ('problems' in parsed) throw new PhaseError('recipe', `${path} cannot be read: ${parsed.problems.join('; ')}`);
  const { content } = parsed;
  const packages = isRecord(content) ? content['packages'] : undefined;
  return Array.isArray(packages) ? packages.filter((each): each is string => typeof each === 'string') : [];
}
