/**
 * What is run where `.mayfly.yml` does not say it. Tried in this order, for the directory of the app:
 *
 *     start: …, in the file         that command
 *     hot: true                     the script `dev`, else `start`
 *     script `start`                that script; not so a development server of something that can be built
 *     server/ with a `start`        that script: the server shows the built front end
 *     a workspace's root            the one member with `start` or `dev`
 *     script `build`, a front end   what was built, as static files
 *     scripts `build`, `preview`    `preview`
 *     script `dev`                  that script
 *     any other build               what was built, as static files
 *     index.html                    the files as they are
 */
import { PhaseError } from '../updates/progress.ts';
import { companionOf } from './companion.ts';
import { isFrontEnd, shownFolders } from './front-ends.ts';
import { hasScript, type Manifest } from './manifest.ts';
import { join } from './paths.ts';
import type { Repo } from './repo.ts';
import { asHot, type Run, runScript, runStated, runStatic } from './run.ts';
import { isDevelopmentServer } from './servers.ts';
import type { AppSpec } from './spec.ts';
import { nothingFound, severalMembers } from './suggestions.ts';
import { workspaceOf } from './workspaces.ts';

interface Place {
  readonly repo: Repo;
  readonly spec: AppSpec;
  readonly directory: string;
  readonly manifest: Manifest | undefined;
  /** Directory of a server of its own beside it, which no other process runs. */
  readonly companion: string | undefined;
}

/** Throws a PhaseError that says what was looked for. `taken` are the directories of other processes. */
export async function chooseRun(repo: Repo, spec: AppSpec, taken: ReadonlySet<string>): Promise<Run> {
  const { directory } = spec;
  const manifest = await repo.manifest(directory);
  const companion = await companionOf(repo, directory, taken);
  const place: Place = { repo, spec, directory, manifest, companion };
  const own = (await runAsAsked(place)) ?? (await runOwn(place));
  const run = own ?? (await runMember(place)) ?? (await runRest(place));
  if (!run) throw new PhaseError('recipe', nothingFound(spec));
  // What a root's own scripts start may need the server beside it.
  return own && companion !== undefined ? { ...own, needs: [...new Set([...own.needs, companion])] } : run;
}

async function runAsAsked({ repo, spec, directory, manifest, companion }: Place): Promise<Run | undefined> {
  if (spec.start !== undefined) {
    const run = await runStated(repo, directory, manifest, spec.start);
    return spec.hot ? asHot(repo, run, spec.start, manifest) : run;
  }
  if (!spec.hot || !manifest || fansOut(manifest, 'dev')) return undefined;
  const name = ['dev', 'start'].find((each) => hasScript(manifest, each));
  if (name === undefined) return undefined;
  const run = asHot(repo, await runScript(repo, directory, manifest, name), manifest.scripts[name] ?? '', manifest);
  if (companion === undefined) return run;
  const note = `hot: true runs the script ${name} alone; list ${companion} among the processes of .mayfly.yml if that does not start it`;
  return { ...run, notes: [...run.notes, note] };
}

async function runOwn(place: Place): Promise<Run | undefined> {
  const { repo, spec, directory, manifest } = place;
  if (!manifest || spec.hot) return undefined;
  const script = manifest.scripts['start'];
  if (script === undefined || fansOut(manifest, 'start')) return await runShown(place);
  if (!isReplaceable(place, script)) return await runScript(repo, directory, manifest, 'start');
  const run = await runShown(place);
  const note = `the script start is a development server (\`${script}\`): what the script build makes is served in its place. Say start in .mayfly.yml to have it otherwise`;
  return run && { ...run, notes: [...run.notes, note] };
}

/** A server for development, of something that can be built and shown. */
function isReplaceable({ repo, spec, directory, manifest, companion }: Place, script: string): boolean {
  if (!manifest || !builds(spec, manifest) || !isDevelopmentServer(script)) return false;
  return companion !== undefined || isFrontEnd(repo, directory, manifest);
}

/** By its server, or as static files. */
async function runShown({ repo, spec, directory, manifest, companion }: Place): Promise<Run | undefined> {
  const server = companion === undefined ? undefined : await repo.manifest(companion);
  if (companion !== undefined && server && hasScript(server, 'start')) {
    if (builds(spec, manifest) || !hasScript(manifest, 'dev')) {
      const run = await runScript(repo, companion, server, 'start');
      return { ...run, needs: [directory, companion] };
    }
  }
  if (!manifest || !builds(spec, manifest) || !isFrontEnd(repo, directory, manifest)) return undefined;
  return runStatic(directory, shownFolders(true), [directory]);
}

async function runMember({ repo, spec, directory, manifest }: Place): Promise<Run | undefined> {
  const workspace = await workspaceOf(repo, directory);
  if (workspace?.root !== directory) return undefined;
  if (['start', 'dev'].some((name) => hasScript(manifest, name) && !fansOut(manifest, name))) return undefined;
  const startable = await startableOf(repo, workspace.members);
  const [member] = startable;
  if (member === undefined) return undefined;
  if (startable.length > 1) throw new PhaseError('recipe', severalMembers(startable));
  const run = await chooseRun(repo, { ...spec, directory: member }, new Set());
  const note = `${member} is run: it is the only workspace with a script start or dev`;
  return { ...run, notes: [note, ...run.notes] };
}

async function startableOf(repo: Repo, members: readonly string[]): Promise<readonly string[]> {
  const manifests = await Promise.all(members.map((member) => repo.manifest(member)));
  return members.filter((_, index) => ['start', 'dev'].some((name) => hasScript(manifests[index], name)));
}

async function runRest(place: Place): Promise<Run | undefined> {
  const { repo, spec, directory, manifest } = place;
  if (spec.hot) return undefined;
  // Without a package.json there may still be a server beside the files.
  if (!manifest && place.companion !== undefined) return await runShown(place);
  const names = builds(spec, manifest) ? ['preview', 'dev'] : ['dev'];
  const name = names.find((each) => hasScript(manifest, each));
  if (manifest && name !== undefined) return await runScript(repo, directory, manifest, name);
  if (builds(spec, manifest)) return runStatic(directory, shownFolders(true), [directory]);
  const folders = shownFolders(false).filter((folder) => repo.has(join(directory, folder), 'index.html'));
  return folders.length > 0 ? runStatic(directory, folders, []) : undefined;
}

function builds(spec: AppSpec, manifest: Manifest | undefined): boolean {
  return spec.build === undefined ? hasScript(manifest, 'build') : spec.build !== false;
}

/** A script that starts one process for each of many packages. */
const FAN_OUT =
  /^(?:npx |pnpm exec )?(?:turbo|nx run-many|lerna run|pnpm (?:-r|--recursive|run -r)|yarn workspaces|npm run .*(?:--workspaces|-ws))\b/;

function fansOut(manifest: Manifest | undefined, name: string): boolean {
  return FAN_OUT.test(manifest?.scripts[name]?.trim() ?? '');
}
