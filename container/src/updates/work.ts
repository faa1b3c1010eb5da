/** One order carried out: the commit is fetched, made into a version, and takes over from the one that serves. */
import { setTimeout as delay } from 'node:timers/promises';
import type { LiveApp } from '../app/live-app.ts';
import type { SyncOrder } from '../control/orders.ts';
import type { PhaseContext } from '../phases/phase.ts';
import { remove } from '../processes/ownership.ts';
import { checkOut } from '../repository/checkout.ts';
import type { Commit, Repository } from '../repository/repository.ts';
import { canReload, reload } from './hot.ts';
import type { Predecessor } from './prepare.ts';
import { PhaseError, type Progress } from './progress.ts';
import { type Candidate, makeVersion, readCandidate, type Version, versionDir, type Workshop } from './version.ts';

export interface WorkOptions {
  readonly repository: Repository;
  readonly progress: Progress;
  readonly workDir: string;
  readonly live: LiveApp;
  /** A version took over. */
  readonly onServing: (version: Version) => void;
}

/** Throws a PhaseError, or the signal's reason; what serves goes on serving then. */
export type Work = (context: PhaseContext, order: SyncOrder) => Promise<void>;

export function makeWork(options: WorkOptions): Work {
  const { repository, progress, workDir, live } = options;
  let versions = 0;

  /** The files are brought while the recipe is read; both take a while in a large repository. */
  async function replace(workshop: Workshop, commit: Commit, known: Candidate | undefined): Promise<void> {
    const { context } = workshop;
    const { settings, timings, signal } = context;
    versions += 1;
    const dir = versionDir(workDir, versions, commit.commit);
    const filled = checkOut(context, repository, commit, dir);
    try {
      // Should reading fail first, nobody waits for the files but the removal below.
      filled.catch(() => undefined);
      const candidate = known ?? (await readCandidate(workshop, commit));
      const previous = await predecessorOf(live.version(), context);
      const { version, app } = await makeVersion(workshop, candidate, { dir, previous, filled });
      if (signal.aborted) await app.stop({ drainMs: 0, killAfterMs: timings.cancelAfterMs });
      signal.throwIfAborted();
      live.adopt(version, app);
      options.onServing(version);
    } catch (error) {
      await Promise.allSettled([filled]);
      await remove(dir, settings.runAs);
      throw error;
    }
  }

  async function hotReload(workshop: Workshop, serving: Version, candidate: Candidate): Promise<void> {
    // Until it is through, its files are of both commits: going back to this one is an order like any other.
    live.relabel({ ...serving, mixed: true });
    live.relabel(await reload(workshop, serving, candidate));
    await progress.phase('healthy', () => untilHealthy(workshop.context, live));
  }

  return async (context, order) => {
    const workshop = { context, progress, repository };
    const commit = await progress.phase('fetch', () => repository.fetch(context, order));
    progress.resolved(commit.commit);
    context.log.say(`commit ${commit.commit} of ${commit.branch}: ${commit.commitMessage}`);
    const serving = live.version();
    const hot = serving?.recipe.processes.some((each) => each.hot !== undefined) && live.lastHealthy();
    const candidate = hot ? await readCandidate(workshop, commit) : undefined;
    if (serving && candidate && canReload(serving, candidate)) await hotReload(workshop, serving, candidate);
    else await replace(workshop, commit, candidate);
    context.log.say(`commit ${commit.commit} serves on port ${context.settings.port}`);
  };
}

/** A development server may compile, or start itself again, before it answers. */
async function untilHealthy({ settings, timings, signal }: PhaseContext, live: LiveApp): Promise<void> {
  const deadline = performance.now() + settings.startDeadlineMs;
  // What was found before the files changed says nothing.
  await delay(timings.probeFreshMs, undefined, { signal });
  while (!(await live.healthy())) {
    if (performance.now() > deadline) throw new PhaseError('healthy', 'the app does not answer after the reload');
    await delay(timings.pollMs, undefined, { signal });
  }
}

/** Modules on their way to the version that serves are waited for as long as linking them takes, and no longer. */
async function predecessorOf(
  version: Version | undefined,
  { timings, signal }: PhaseContext,
): Promise<Predecessor | undefined> {
  if (!version) return undefined;
  const { checkout, prepared } = version;
  const { modules, built } = prepared;
  await Promise.race([modules.settled, delay(timings.modulesWaitMs, undefined, { signal, ref: false })]);
  return { dir: checkout.dir, installed: modules.soFar(), built };
}
