/** What people do in the table (P10). */
import { INSTALLATION_KEY } from '../../../src/model/installation.ts';
import { canonical } from '../../../src/model/digest.ts';
import { deleteItem, edit, pasteBack } from '../world/people.ts';
import { sessionOf, type Stage } from './stage.ts';
import type { Attributes, Doing } from './story.ts';

type InTable = Extract<
  Doing,
  { kind: 'edit' | 'override' | 'drop-override' | 'paste' | 'delete-item' | 'empty-table' | 'pause' }
>;

export function doInTheTable(stage: Stage, doing: InTable): void {
  if (doing.kind === 'pause') return pause(stage, doing.forMs);
  if (doing.kind === 'empty-table') return emptyTable(stage);
  const { world } = stage;
  const session = sessionOf(doing.branch);
  if (doing.kind === 'paste') return paste(stage, session, doing.agoMs);
  if (!world.store.peek(session)) return;
  switch (doing.kind) {
    case 'edit':
      change(stage, session, doing.attributes, doing.forMs);
      return;
    case 'override': {
      const until = doing.untilMs === undefined ? {} : { until: soon(stage, doing.untilMs) };
      change(stage, session, { override: { ...doing.override, ...until, by: 'eve' } });
      return;
    }
    case 'drop-override':
      change(stage, session, { override: null });
      return;
    case 'delete-item':
      remove(stage, session, doing.orphan);
  }
}

/** Nothing runs out after the storm. */
function soon({ world, story }: Stage, ms: number): string {
  const left = Math.max(1_000, Math.min(ms, story.storm.until - world.time.monotonic()));
  return new Date(world.time.now() + left).toISOString();
}

function change(
  { world, ledger, disturbed, undoAfter }: Stage,
  session: string,
  put: Attributes,
  forMs?: number,
): void {
  const before = world.store.peek(session) ?? {};
  edit(world, session, put);
  ledger.note(session);
  if (forMs === undefined) return;
  disturbed.add(session);
  undoAfter(forMs, `eve corrects ${Object.keys(put).join(', ')} of ${session}`, () => {
    const now = world.store.peek(session);
    if (!now) return;
    const still = Object.entries(put).filter(([name, value]) => canonical(now[name] ?? null) === canonical(value));
    edit(world, session, Object.fromEntries(still.map(([name]) => [name, before[name] ?? null])));
    ledger.note(session);
  });
}

function paste({ world, ledger, disturbed }: Stage, session: string, agoMs: number): void {
  const item = ledger.itemAt(session, world.time.monotonic() - agoMs);
  if (!item) return;
  disturbed.add(session);
  pasteBack(world, item);
  ledger.note(session);
}

function remove({ world, ledger, disturbed, orphans }: Stage, session: string, orphan: boolean): void {
  disturbed.add(session);
  if (orphan) orphans.add(session);
  deleteItem(world, session);
  ledger.note(session);
}

function emptyTable(stage: Stage): void {
  for (const session of stage.ledger.sessions()) {
    if (stage.world.store.peek(session)) remove(stage, session, false);
    stage.orphans.delete(session);
  }
}

function pause({ world, undoAfter }: Stage, forMs: number): void {
  if (world.pausedSince !== undefined) return;
  world.store.seed({ session_id: INSTALLATION_KEY, paused: true, by: 'eve' });
  world.pausedSince = world.time.monotonic();
  world.touch();
  undoAfter(forMs, 'eve ends the pause of everything', () => {
    world.store.remove(INSTALLATION_KEY);
    world.pausedSince = undefined;
  });
}
