/** Nothing that GitHub was promised is lost: of each pull request the newest accepted snapshot, or a newer one, is in the table. */
import { parsePull } from '../../../src/model/pull-payload.ts';
import type { World } from '../world/world.ts';

export async function intents(world: World): Promise<readonly string[]> {
  const records = await world.store.list();
  const known = new Map<string, number>();
  for (const record of records) {
    if (!record.ok) continue;
    for (const [key, source] of Object.entries(record.desired.sources)) {
      known.set(`${record.sessionId} ${key}`, Date.parse(source?.at ?? ''));
    }
  }
  return [...newestAccepted(world)].flatMap(([number, at]) => {
    const key = `pull/${number}`;
    const kept = [...known].filter(([name]) => name.endsWith(` ${key}`)).map(([, time]) => time);
    if (kept.length === 0) return neverAsked(world, number) ? [] : [`no record knows of #${number}`];
    return Math.max(...kept) >= at
      ? []
      : [`#${number} is known as of ${iso(Math.max(...kept))}, accepted was ${iso(at)}`];
  });
}

function newestAccepted({ accepted }: World): ReadonlyMap<number, number> {
  const newest = new Map<number, number>();
  for (const { delivery } of accepted) {
    if (delivery.event !== 'pull_request') continue;
    const body = JSON.parse(delivery.body) as { pull_request: unknown; repository: unknown };
    const parsed = parsePull(body.pull_request);
    if (!parsed.ok) continue;
    const at = Date.parse(parsed.snapshot.at);
    const { number } = parsed.snapshot;
    newest.set(number, Math.max(at, newest.get(number) ?? 0));
  }
  return newest;
}

/** A pull request that was never labelled leaves no record; one whose record a person deleted has none either. */
function neverAsked(world: World, number: number): boolean {
  return (
    world.forgotten.has(number) ||
    world.github.pulls().some((pull) => pull.number === number && pull.labels.length === 0)
  );
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
