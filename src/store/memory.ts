/**
 * The store in memory: for simulation and tests. It keeps raw items and goes through the same encoding and parsing as the
 * table, so that a hand edit, however wrong, can be put in and read as it would be from DynamoDB.
 */
import type { StoredEnvironment } from '../model/environment.ts';
import { INSTALLATION_KEY, parseInstallation } from '../model/installation.ts';
import { encodeDesired, type Item, parseItem } from '../model/record.ts';
import { encodeStatus } from '../model/status-record.ts';
import { intentAttributes } from './attributes.ts';
import { type EnvironmentStore, StoreError } from './port.ts';

export interface MemoryStore extends EnvironmentStore {
  /** Puts a whole raw item, as a person does in the console. */
  seed(item: Item): void;
  /** A copy of the raw item. */
  peek(sessionId: string): Record<string, unknown> | undefined;
  /** Keys of all items. */
  sessions(): readonly string[];
  /** Deletes an item, as a person does. */
  remove(sessionId: string): void;
}

export function makeMemoryStore(): MemoryStore {
  const items = new Map<string, Record<string, unknown>>();
  const existing = (sessionId: string): Record<string, unknown> => {
    const item = items.get(sessionId);
    if (!item) throw new StoreError('conflict', `there is no record of ${sessionId}`);
    return item;
  };

  return {
    seed: (item) => void items.set(String(item['session_id']), structuredClone({ ...item })),
    peek: (sessionId) => structuredClone(items.get(sessionId)),
    sessions: () => [...items.keys()],
    remove: (sessionId) => void items.delete(sessionId),
    get: async (sessionId) => (sessionId === INSTALLATION_KEY ? undefined : read(items.get(sessionId))),
    list: async () => environments(items).map((item) => parseItem(item)),
    installation: async () => parseInstallation(items.get(INSTALLATION_KEY)),
    async create(desired) {
      if (items.has(desired.sessionId)) throw new StoreError('conflict', `${desired.sessionId} exists already`);
      items.set(desired.sessionId, structuredClone(encodeDesired(desired)));
    },
    async applyIntent(sessionId, intakeRev, change) {
      const item = existing(sessionId);
      guard(sessionId, item['intake_rev'] ?? 0, intakeRev);
      delete item['expires_at'];
      assign(item, { ...intentAttributes(change), intake_rev: intakeRev + 1 });
    },
    async putStatus(sessionId, previousRev, status, state, expiresAt) {
      const item = existing(sessionId);
      const before = parseItem(item).status;
      guard(sessionId, before.rev, previousRev);
      if (status.epoch !== undefined && (before.epoch ?? 0) > status.epoch)
        throw new StoreError('conflict', `a newer leader wrote the record of ${sessionId}`);
      const encoded = encodeStatus({ ...status, rev: previousRev + 1 });
      assign(item, { status: encoded, state, expires_at: expiresAt ?? null });
    },
    async recordVisit(sessionId, at) {
      assign(existing(sessionId), { visited_at: at });
    },
    prepare: async () => undefined,
  };
}

function environments(items: ReadonlyMap<string, Item>): readonly Item[] {
  return [...items].flatMap(([key, item]) => (key === INSTALLATION_KEY ? [] : [item]));
}

function read(item: Item | undefined): StoredEnvironment | undefined {
  return item && parseItem(item);
}

function guard(sessionId: string, found: unknown, expected: number): void {
  if (found === expected) return;
  throw new StoreError('conflict', `the record of ${sessionId} was written in between`);
}

function assign(item: Record<string, unknown>, attributes: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) delete item[name];
    else if (value !== undefined) item[name] = structuredClone(value);
  }
}
