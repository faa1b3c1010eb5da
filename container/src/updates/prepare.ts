/**
 * From a checkout to everything that its processes need: installs, then builds, each only where it must be done. Modules
 * of a directory in which nothing is built or run this time come last, while the app starts.
 */
import { type Built, type BuildJob, type BuildRun, buildOne, recordBuilt, reuse } from '../phases/build.ts';
import { type Installed, type InstallJob, installOne } from '../phases/install.ts';
import { sideBySide } from '../phases/parallel.ts';
import type { Checkout, PhaseContext } from '../phases/phase.ts';
import type { Build, Install, Recipe, Source } from '../recipe/recipe.ts';
import { type Place, standAlone } from './needs.ts';
import { PhaseError, type Progress } from './progress.ts';

export interface Prepared {
  readonly installed: readonly Installed[];
  readonly built: readonly Built[];
}

/** A version whose modules and output may be taken over. */
export interface Predecessor extends Prepared {
  readonly dir: string;
}

export interface Preparation {
  readonly checkout: Checkout;
  readonly recipe: Recipe;
  readonly source: Source;
  readonly previous: Predecessor | undefined;
}

/** Modules of which some may still be on their way. */
export interface Modules {
  /** Those that are there. */
  soFar(): readonly Installed[];
  /** Settles when no more come; never rejects, an install that failed in the background is missing. */
  readonly settled: Promise<void>;
  /** True when some were missing when the app was started. */
  readonly incomplete: boolean;
  /** Gives up what is on its way. */
  cancel(): void;
}

export interface PreparedSoFar {
  readonly built: readonly Built[];
  readonly modules: Modules;
}

type Note = (text: string) => void;
type Job = InstallJob & BuildJob;

/** Runs the phases `install` and `build`. */
export async function prepare(
  context: PhaseContext,
  progress: Progress,
  preparation: Preparation,
): Promise<PreparedSoFar> {
  const { checkout, recipe, source, previous } = preparation;
  const job = { checkout, recipe, files: source.files, previous };
  for (const text of recipe.notes) context.log.say(text);
  const reused = new Map<Build, Built>();
  const modules = await progress.phase('install', async (note) => {
    const found = await sideBySide(
      context.signal,
      recipe.builds.map((build) => (signal) => reuse({ ...context, signal }, job, build)),
    );
    for (const built of sharingFates(recipe, found)) reused.set(built.build, built);
    const places = placesOf(recipe, (build) => !reused.has(build));
    return await installWhatIsNeeded(context, { job, source, places }, note);
  });
  try {
    const built = await progress.phase('build', (note) => buildRest(context, { job, reused, modules }, note));
    return { built, modules };
  } catch (error) {
    modules.cancel();
    await modules.settled;
    throw error;
  }
}

/** Builds that read everything may write into each other's place: then only all of their outputs together are right. */
function sharingFates({ builds }: Recipe, found: readonly (Built | undefined)[]): readonly Built[] {
  const known = found.filter((each) => each !== undefined);
  const open = builds.filter(({ inputs }) => inputs.include.includes('') && inputs.exclude.length === 0);
  const isWhole = open.every((build) => known.some((each) => each.build === build));
  return isWhole ? known : known.filter((each) => !open.includes(each.build));
}

/** Where something is built or run. */
function placesOf({ builds, processes }: Recipe, isRun: (build: Build) => boolean): readonly Place[] {
  return [
    ...builds.filter(isRun).map(({ directory }) => ({ directory, purpose: 'build' as const })),
    ...processes.map(({ directory }) => ({ directory, purpose: 'run' as const })),
  ];
}

interface Needs {
  readonly job: Job;
  readonly source: Source;
  readonly places: readonly Place[];
}

async function installWhatIsNeeded(
  context: PhaseContext,
  { job, source, places }: Needs,
  note: Note,
): Promise<Modules> {
  const { installs } = job.recipe;
  const urgent = installs.filter(({ directory }) => places.some((place) => place.directory === directory));
  const rest = installs.filter((install) => !urgent.includes(install));
  const now = await installAll(context, { job, installs: urgent }, note);
  if (rest.length > 0 && (await standAlone(job.checkout.dir, source, { places, installs: urgent }))) {
    note('modules that nothing needs yet follow');
    return follow(context, now, (background) => installAll(background, { job, installs: rest }, () => undefined));
  }
  const all = [...now, ...(await installAll(context, { job, installs: rest }, note))];
  return { soFar: () => all, settled: Promise.resolve(), incomplete: false, cancel: () => undefined };
}

function follow(
  context: PhaseContext,
  now: readonly Installed[],
  install: (context: PhaseContext) => Promise<readonly Installed[]>,
): Modules {
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  let there = now;
  const settled = install({ ...context, signal }).then(
    (more) => {
      there = [...now, ...more];
    },
    (error: unknown) => {
      if (!signal.aborted) context.log.say(`WARNING: modules that may be needed later are missing: ${String(error)}`);
    },
  );
  return {
    soFar: () => there,
    settled,
    incomplete: true,
    cancel: () => stop.abort(new Error('nobody needs them any more')),
  };
}

async function installAll(
  context: PhaseContext,
  { job, installs }: { readonly job: Job; readonly installs: readonly Install[] },
  note: Note,
): Promise<readonly Installed[]> {
  const installed = await sideBySide(
    context.signal,
    installs.map((install) => (signal) => installOne({ ...context, signal }, job, install)),
  );
  for (const { how, install } of installed) if (how !== undefined) note(describe(install.directory, how));
  return installed;
}

interface Rest {
  readonly job: Job;
  readonly reused: ReadonlyMap<Build, Built>;
  readonly modules: Modules;
}

async function buildRest(context: PhaseContext, rest: Rest, note: Note): Promise<readonly Built[]> {
  const { job, reused } = rest;
  const { builds } = job.recipe;
  if (builds.length === 0) note('nothing to build');
  for (const built of reused.values()) note(describe(built.build.directory, built.how));
  const made = await sideBySide(
    context.signal,
    builds
      .filter((build) => !reused.has(build))
      .map((build) => (signal) => buildFully({ ...context, signal }, rest, build)),
  );
  return [...reused.values(), ...(await recordBuilt(context, job, made))];
}

/** Should a build want modules of a directory above its own after all, it has them the second time. */
async function buildFully(context: PhaseContext, { job, modules }: Rest, build: Build): Promise<BuildRun> {
  try {
    return await buildOne(context, job, build);
  } catch (error) {
    if (!modules.incomplete || !(error instanceof PhaseError)) throw error;
    context.log.say('the build failed; once more, with all modules in place');
    await modules.settled;
    return await buildOne(context, job, build);
  }
}

function describe(directory: string, how = ''): string {
  return directory === '' ? how : `${directory}: ${how}`;
}
