/** Looks at one environment or all of them, as the loops would, and changes nothing. */
import PQueue from 'p-queue';
import { failed } from '../../apply/outcome.ts';
import { AwsError } from '../../aws/errors.ts';
import { forecast, forecastOrphans } from '../../controllers/forecast.ts';
import type { StoredEnvironment } from '../../model/environment.ts';
import { type InstallationPause, pauseInForce } from '../../model/installation.ts';
import type { Reader } from '../../operator.ts';
import { UsageError } from '../failure.ts';
import type { Progress } from '../progress.ts';
import { documentOf, type OrphansEntry, orphansOf, orphansUnseen, type PlanDocument } from './document.ts';
import { unknownSession } from './unknown-session.ts';

/** Control ports may take 2 s each to be silent; AWS has its own limits. */
const AT_ONCE = 16;

/** Rejects with `StoreError`, or with `UsageError` when the session has no record. */
export async function lookAhead(
  reader: Reader,
  session: string | undefined,
  progress: Progress,
): Promise<PlanDocument> {
  progress.say('reading the table…');
  const { clock, store } = reader;
  const records = session === undefined ? await store.list() : [await recordOf(reader, session)];
  const pause = pauseInForce(await store.installation(), clock.now());
  const since = clock.monotonic();
  const [forecasts, orphans] = await Promise.all([
    forecastAll(reader, { records, pause, since, progress }),
    session === undefined ? lookForOrphans(reader, pause, since) : null,
  ]);
  return documentOf({ forecasts, orphans, pause });
}

async function recordOf({ store, config }: Reader, session: string): Promise<StoredEnvironment> {
  const record = await store.get(session);
  if (record) return record;
  throw new UsageError(unknownSession(session, config.store.table, await store.list()));
}

interface Wish {
  readonly records: readonly StoredEnvironment[];
  readonly pause: InstallationPause | undefined;
  readonly since: number;
  readonly progress: Progress;
}

async function forecastAll(reader: Reader, { records, pause, since, progress }: Wish) {
  const queue = new PQueue({ concurrency: AT_ONCE });
  const looking = { ...reader, pause: () => pause };
  let done = 0;
  const say = (): void => progress.say(`looking at ${records.length} environments, ${done} done…`);
  say();
  return await queue.addAll(
    records.map((record) => async () => {
      const told = await forecast(looking, record, since);
      done += 1;
      say();
      return told;
    }),
  );
}

/** With the environments' own look at AWS; the table is read again after it. */
async function lookForOrphans(
  reader: Reader,
  pause: InstallationPause | undefined,
  since: number,
): Promise<OrphansEntry> {
  const { orphanGraceMs } = reader.config.policy;
  const snapshots = { since: () => reader.snapshots.since(since) };
  try {
    return orphansOf(await forecastOrphans({ ...reader, snapshots }, pause), orphanGraceMs);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { reason, message } = failed(error);
    return orphansUnseen({ reason, message }, orphanGraceMs);
  }
}
