/** How a directory is built. */
import type { Command } from '../processes/process-group.ts';
import { scriptCommand } from './commands.ts';
import { chooseManager } from './managers.ts';
import { hasScript, type Manifest } from './manifest.ts';
import { join } from './paths.ts';
import type { Inputs } from './recipe.ts';
import type { Repo } from './repo.ts';
import { parseTsConfig } from './tsconfig.ts';
import { tsConfigs } from './mentioning.ts';
import { type Workspace, homeOf } from './workspaces.ts';

export interface BuildWish {
  readonly directory: string;
  readonly command: Command;
  /** Where the file says it. */
  readonly inputs?: Inputs;
  readonly carried: readonly string[];
  readonly notes: readonly string[];
}

/**
 * By its script `build`; undefined when it has none. A member of a workspace that needs others to be built first is
 * built by the root's script.
 */
export async function detectBuild(repo: Repo, directory: string): Promise<BuildWish | undefined> {
  const manifest = await repo.manifest(directory);
  if (!manifest || !hasScript(manifest, 'build')) return undefined;
  const workspace = await homeOf(repo, directory);
  const { root: home } = workspace;
  const root = await repo.manifest(home);
  const { manager } = chooseManager(repo, home, root);
  const own = {
    directory,
    command: scriptCommand(manager, manifest, 'build'),
    carried: await carriedOf(repo, directory),
  };
  const first = await builtFirst(repo, workspace, directory, manifest);
  if (first.length === 0) return { ...own, notes: [] };
  const needs = `${directory} depends on ${first.join(' and ')}, which have builds of their own`;
  if (root && hasScript(root, 'build')) {
    const notes = [`${needs}: the script build of ${home === '' ? 'the root' : home} is run`];
    return { ...own, directory: home, command: scriptCommand(manager, root, 'build'), notes };
  }
  return { ...own, notes: [`WARNING: ${needs}, and no script build at the root that runs them first`] };
}

/** Other members that it depends on by name and that have a build. */
async function builtFirst(
  repo: Repo,
  { members }: Workspace,
  directory: string,
  { dependencies }: Manifest,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const member of members.filter((each) => each !== directory)) {
    const manifest = await repo.manifest(member);
    if (hasScript(manifest, 'build') && Object.hasOwn(dependencies, manifest?.name ?? '')) found.push(member);
  }
  return found;
}

/** What makes the next build faster and is no part of the output. */
export async function carriedOf(repo: Repo, directory: string): Promise<readonly string[]> {
  const manifest = await repo.manifest(directory);
  const next = manifest && Object.hasOwn(manifest.dependencies, 'next') ? [join(directory, '.next/cache')] : [];
  const states: string[] = [];
  for (const path of tsConfigs(repo, directory)) {
    const text = await repo.glance(path);
    const state = text && parseTsConfig(text, path.slice(path.lastIndexOf('/') + 1))?.checkState;
    if (state && !state.startsWith('..')) states.push(join(directory, state));
  }
  return [...next, ...states];
}
