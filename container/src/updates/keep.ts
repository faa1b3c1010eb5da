/** What a version made, for the next ones here and elsewhere. The app is up by then; nobody waits for this. */
import { keepBuilt } from '../phases/build.ts';
import type { PhaseContext } from '../phases/phase.ts';
import { shell } from '../phases/shell.ts';
import type { Version } from './version.ts';

/** Never rejects: nothing kept means a slower start, no more. */
export async function keep(context: PhaseContext, version: Version): Promise<void> {
  const { stash, signal, log } = context;
  const { checkout, prepared } = version;
  try {
    for (const built of prepared.built) await keepBuilt(context, checkout, built);
    await prepared.modules.settled;
    for (const { key, near, install } of prepared.modules.soFar()) {
      const place = { dir: checkout.dir, paths: install.outputs };
      // Without dependencies there is no directory, and a member of a workspace may have none: an archive holds all.
      await shell(context, place.dir, { script: 'mkdir -p -- "$@"', args: place.paths });
      if (key !== undefined) await stash.keep(`modules-${key}`, place, signal);
      if (near !== undefined) await stash.keep(near, place, signal);
    }
  } catch (error) {
    if (!signal.aborted) log.say(`WARNING: nothing was kept for later: ${String(error)}`);
  }
}
