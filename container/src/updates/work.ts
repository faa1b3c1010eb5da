/** One order carried out: the commit is fetched, made into a version, and takes over from the one that serves. */
import type { LiveApp } from '../app/live-app.ts';
import type { SyncOrder } from '../control/orders.ts';
import type { PhaseContext } from '../phases/phase.ts';
import { remove } from '../processes/ownership.ts';
import type { Repository } from '../repository/repository.ts';
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

  async function replace(workshop: Workshop, candidate: Candidate): Promise<void> {
    const { context } = workshop;
    const { settings, timings, signal } = context;
    versions += 1;
    const dir = versionDir(workDir, versions, candidate.commit.commit);
    try {
      const previous = await predecessorOf(live.version());
      const { version, app } = await makeVersion(workshop, candidate, { dir, previous });
      if (signal.aborted) await app.stop({ drainMs: 0, killAfterMs: timings.cancelAfterMs });
      signal.throwIfAborted();
      live.adopt(version, app);
      options.onServing(version);
    } catch (error) {
      await remove(dir, settings.runAs);
      throw error;
    }
  }

  async function hotReload(workshop: Workshop, serving: Version, candidate: Candidate): Promise<void> {
    live.relabel(await reload(workshop, serving, candidate));
    await progress.phase('healthy', async () => {
      if (!(await live.healthy())) throw new PhaseError('healthy', 'the app does not answer after the reload');
    });
  }

  return async (context, order) => {
    const workshop = { context, progress, repository };
    const commit = await progress.phase('fetch', () => repository.fetch(context, order));
    progress.resolved(commit.commit);
    context.log.say(`commit ${commit.commit} of ${commit.branch}: ${commit.commitMessage}`);
    const candidate = await readCandidate(workshop, commit);
    const serving = live.version();
    if (serving && live.lastHealthy() && canReload(serving, candidate)) await hotReload(workshop, serving, candidate);
    else await replace(workshop, candidate);
    context.log.say(`commit ${commit.commit} serves on port ${context.settings.port}`);
  };
}

async function predecessorOf(version: Version | undefined): Promise<Predecessor | undefined> {
  if (!version) return undefined;
  const { checkout, prepared } = version;
  return { dir: checkout.dir, installed: await prepared.installed, built: prepared.built };
}
