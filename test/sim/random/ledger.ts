/**
 * Watches every write of the table: what a person put there is changed by a replica only where GitHub's side of that very
 * field changed (DESIGN §4). A model of its own, which knows nothing of how the merge is made. It also keeps what items
 * were like, for people who paste them back.
 */
import type { MemoryStore } from '../../../src/store/memory.ts';
import { canonical } from '../../../src/model/digest.ts';
import { parseItem } from '../../../src/model/record.ts';
import type { Report } from '../oracles/oracle.ts';
import type { World } from '../world/world.ts';

type Item = Readonly<Record<string, unknown>>;
type Sources = Readonly<Record<string, Item>>;

export interface Ledger {
  /** A person changed the item. */
  note(session: string): void;
  /** The item as it was at that time; undefined: there was none, or nothing is known. */
  itemAt(session: string, at: number): Item | undefined;
  /** The newest that could be understood. */
  lastGood(session: string): Item | undefined;
  sessions(): readonly string[];
}

/** Takes the place of the store's methods; to be called before the first replica starts. */
export function watchTable(world: World, report: Report): Ledger {
  const { store, time } = world;
  const pages = new Map<string, { readonly at: number; readonly item: Item | undefined }[]>();
  const note = (session: string): void => {
    const page = pages.get(session) ?? [];
    page.push({ at: time.monotonic(), item: store.peek(session) });
    pages.set(session, page);
  };
  const methods: Pick<MemoryStore, Method> = { ...store };
  const watched = async (method: Method, session: string, write: () => Promise<void>): Promise<void> => {
    const before = store.peek(session);
    // The store in memory writes before its promise is there.
    const written = write();
    const after = store.peek(session);
    for (const text of complaints(method, before, after)) report('lost-edit', `${method} of ${session}: ${text}`);
    for (const text of missed(method, before, after)) report('lost-intent', `${method} of ${session}: ${text}`);
    if (canonical(before ?? null) !== canonical(after ?? null)) note(session);
    await written;
  };
  Object.assign(store, {
    create: (desired) => watched('create', desired.sessionId, () => methods.create(desired)),
    applyIntent: (session, ...rest) => watched('applyIntent', session, () => methods.applyIntent(session, ...rest)),
    putStatus: (session, ...rest) => watched('putStatus', session, () => methods.putStatus(session, ...rest)),
    recordVisit: (session, at) => watched('recordVisit', session, () => methods.recordVisit(session, at)),
  } satisfies Pick<MemoryStore, Method>);
  return {
    note,
    itemAt: (session, at) => pages.get(session)?.findLast((page) => page.at <= at)?.item,
    lastGood: (session) => pages.get(session)?.findLast(({ item }) => item !== undefined && parseItem(item).ok)?.item,
    sessions: () => [...pages.keys()],
  };
}

type Method = 'create' | 'applyIntent' | 'putStatus' | 'recordVisit';

const OWN: Readonly<Record<Method, readonly string[]>> = {
  create: [],
  applyIntent: ['sources', 'clashes', 'intake_rev', 'expires_at'],
  putStatus: ['status', 'state', 'expires_at'],
  recordVisit: ['visited_at'],
};

/** What of a source each attribute follows. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  wanted: ['wanted'],
  branch: ['wanted', 'open', 'branch', 'commit'],
  commit: ['wanted', 'open', 'branch', 'commit'],
  image_tag: ['wanted', 'image_tag'],
};

function complaints(method: Method, before: Item | undefined, after: Item | undefined): readonly string[] {
  if (!before || !after) return before ? ['the item is gone'] : [];
  const changed = Object.keys({ ...before, ...after }).filter((name) => !isSame(before[name], after[name]));
  return changed
    .filter((name) => !OWN[method].includes(name) && !(method === 'applyIntent' && mayFollow(name, before, after)))
    .map((name) => `${name} was ${words(before[name])} and became ${words(after[name])}`);
}

function mayFollow(name: string, before: Item, after: Item): boolean {
  const members = FOLLOWS[name];
  if (!members) return false;
  const [old, now] = [sourcesOf(before), sourcesOf(after)];
  const moved = !isSame(project(old, members), project(now, members));
  const told = Object.values(now).map((source) => source[name]);
  return moved && (after[name] === undefined || told.includes(after[name]));
}

/** The other way round: what GitHub's side changed is written. */
function missed(method: Method, before: Item | undefined, after: Item | undefined): readonly string[] {
  if (method !== 'applyIntent' || !before || !after) return [];
  const [old, now] = [isAsked(sourcesOf(before)), isAsked(sourcesOf(after))];
  return old === now || after['wanted'] === now ? [] : [`its sources say wanted ${now}, and it is not written`];
}

function isAsked(sources: Sources): boolean {
  return Object.values(sources).some((source) => source['wanted'] === true);
}

function project(sources: Sources, members: readonly string[]): unknown {
  return Object.entries(sources).map(([key, source]) => [key, members.map((name) => source[name])]);
}

function sourcesOf(item: Item): Sources {
  return (item['sources'] ?? {}) as Sources;
}

function isSame(one: unknown, other: unknown): boolean {
  return canonical(one ?? null) === canonical(other ?? null);
}

function words(value: unknown): string {
  return JSON.stringify(value) ?? 'absent';
}
