/** What one app needs: its process, the installs and the builds. What the file leaves out is detected. */
import { type BuildWish, carriedOf, detectBuild } from './builds.ts';
import { shellCommand } from './commands.ts';
import { isDoneBy, worksIn } from './companion.ts';
import { FILE } from './faults.ts';
import type { InstallWish } from './installs.ts';
import { chooseRun } from './layouts.ts';
import { chooseManager } from './managers.ts';
import { join } from './paths.ts';
import type { Inputs, ProcessRecipe } from './recipe.ts';
import type { Repo } from './repo.ts';
import type { Run } from './run.ts';
import type { AppSpec } from './spec.ts';
import { homeOf } from './workspaces.ts';

export interface AppPlan {
  readonly process: ProcessRecipe;
  readonly installs: readonly InstallWish[];
  readonly builds: readonly BuildWish[];
  readonly notes: readonly string[];
}

export interface Around {
  /** Variables of every step, from the file. */
  readonly env: Readonly<Record<string, string>>;
  /** Directories of the other processes. */
  readonly taken: ReadonlySet<string>;
}

/** Throws a PhaseError that says what the repository lacks. */
export async function planApp(repo: Repo, spec: AppSpec, around: Around): Promise<AppPlan> {
  const run = await chooseRun(repo, spec, around.taken);
  const builds = await buildsOf(repo, spec, run);
  return {
    process: processOf(repo, spec, run, around),
    installs: await installsOf(repo, spec, run, Object.keys(around.env).length > 0),
    builds,
    notes: run.notes,
  };
}

function processOf(repo: Repo, spec: AppSpec, run: Run, { env }: Around): ProcessRecipe {
  const { name, route } = spec;
  const health = spec.health ?? (route === undefined ? false : repo.surroundings.healthPath);
  // The variables of the file win over ours; those of all processes come with the recipe.
  const ours = Object.entries(run.env).filter(([key]) => !Object.hasOwn(env, key));
  return {
    name,
    directory: run.directory,
    command: run.command,
    env: { ...Object.fromEntries(ours), ...spec.env },
    ...(route === undefined ? {} : { route }),
    ...(health === false ? {} : { health }),
    ...(run.hot === undefined ? {} : { hot: run.hot }),
  };
}

/** The app's own directory comes first, then a server beside it. */
async function installsOf(repo: Repo, spec: AppSpec, { needs }: Run, env: boolean): Promise<readonly InstallWish[]> {
  if (spec.install === false) return [];
  const [main, ...companions] = needs;
  const manifest = await repo.manifest(spec.directory);
  const commands = spec.install;
  const more = spec.installInputs === undefined ? {} : { more: spec.installInputs };
  const own = commands
    ? [{ directory: spec.directory, commands, env, ...more }]
    : main === undefined
      ? []
      : [{ directory: main, env, ...more }];
  const besides = companions
    .filter((each) => !doneBy(commands, each) && !isDoneBy(manifest, 'install', nameOf(each)))
    .map((directory) => ({ directory, env }));
  return [...own, ...besides];
}

async function buildsOf(repo: Repo, spec: AppSpec, run: Run): Promise<readonly BuildWish[]> {
  if (spec.build === false || run.hot !== undefined) return [];
  const [main, ...companions] = run.needs;
  const manifest = await repo.manifest(spec.directory);
  const own = spec.build
    ? {
        directory: spec.directory,
        command: shellCommand(spec.build),
        carried: await carriedOf(repo, spec.directory),
        notes: [],
      }
    : main === undefined
      ? undefined
      : await detectBuild(repo, main);
  const besides = companions.filter(
    (each) => !doneBy(spec.build, each) && (spec.build || !isDoneBy(manifest, 'build', nameOf(each))),
  );
  const others = await Promise.all(besides.map((each) => detectBuild(repo, each)));
  return [own && (await withStated(repo, spec, own)), ...others].filter((each) => each !== undefined);
}

/** Stated commands that go into the directory themselves. */
function doneBy(commands: readonly string[] | false | undefined, directory: string): boolean {
  return (commands || []).some((each) => worksIn(each, nameOf(directory)));
}

function nameOf(directory: string): string {
  return directory.slice(directory.lastIndexOf('/') + 1);
}

async function withStated(repo: Repo, spec: AppSpec, build: BuildWish): Promise<BuildWish> {
  const carried = [...new Set([...build.carried, ...spec.carried])];
  return {
    ...build,
    carried,
    ...(spec.inputs ? { inputs: await statedInputs(repo, build.directory, spec.inputs) } : {}),
  };
}

/** With the files that decide how it is built, which nobody thinks of. */
async function statedInputs(repo: Repo, directory: string, { include, exclude }: Inputs): Promise<Inputs> {
  const { root: home } = await homeOf(repo, directory);
  const { lockFile } = chooseManager(repo, home, await repo.manifest(home));
  const known = ['package.json', 'tsconfig*.json'].map((name) => join(directory, name));
  return { include: [...include, ...known, FILE, ...(lockFile === undefined ? [] : [lockFile])], exclude };
}
