/**
 * The store over DynamoDB (DESIGN §4). Every write is an UpdateItem of the attributes that its writer owns, or a
 * conditional PutItem of a new record: writers never clobber each other, and attributes that Mayfly does not know stay.
 */
import {
  type AttributeValue,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { MAX_EPOCH, type StoredEnvironment } from '../model/environment.ts';
import { INSTALLATION_KEY, parseInstallation } from '../model/installation.ts';
import { encodeDesired, type Item, parseItem } from '../model/record.ts';
import { encodeStatus } from '../model/status-record.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import { intentAttributes } from './attributes.ts';
import { type DynamoCallOptions, makeDynamoCall } from './dynamodb-call.ts';
import { prepareTable } from './dynamodb-table.ts';
import { type Guard, type UpdateInput, updateOf } from './dynamodb-update.ts';
import type { EnvironmentStore } from './port.ts';

export interface DynamoClientOptions {
  readonly region: string;
  /** Anything that speaks DynamoDB's protocol. */
  readonly endpoint?: string | undefined;
  readonly requestHandler?: DynamoDBClientConfig['requestHandler'];
  /** What the caller is configured with; the SDK's own search otherwise. */
  readonly credentials?: DynamoDBClientConfig['credentials'];
}

export interface DynamoStoreOptions extends DynamoCallOptions {
  readonly client: DynamoDBClient;
  readonly logger?: Logger | undefined;
}

const SHAPE = {
  key: 'session_id',
  setting: 'store.table',
  advice: 'turn on its time to live on expires_at, so that old records go',
};

/** A page is decoded in one go: small ones, so that nothing else waits long meanwhile. */
const PAGE_RECORDS = 200;

/** A loopback endpoint asks for a signature but not whose: without credentials, these do. */
const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

/** One attempt a call: the caller decides what is worth another. Close it with `destroy()`. */
export function makeDynamoClient(options: DynamoClientOptions): DynamoDBClient {
  const { region, endpoint, requestHandler } = options;
  const credentials = options.credentials ?? (isLoopback(endpoint) ? LOCAL_CREDENTIALS : undefined);
  const client = new DynamoDBClient({
    region,
    maxAttempts: 1,
    ...(endpoint !== undefined && { endpoint }),
    ...(requestHandler && { requestHandler }),
    ...(credentials && { credentials }),
  });
  // It copies every answer for a log that nobody reads: half of what reading a page of the table costs.
  client.middlewareStack.remove('loggerMiddleware');
  return client;
}

export function makeDynamoStore(options: DynamoStoreOptions): EnvironmentStore {
  const { client, table, logger, clock = systemClock } = options;
  const call = makeDynamoCall(options);
  const keyOf = (sessionId: string) => ({ session_id: { S: sessionId } });

  const update = async (sessionId: string, input: UpdateInput): Promise<void> => {
    const command = new UpdateItemCommand({ TableName: table, Key: keyOf(sessionId), ...updateOf(input) });
    await call('UpdateItem', (send) => client.send(command, send));
  };

  const page = (from: Record<string, AttributeValue> | undefined) => {
    const command = new ScanCommand({
      TableName: table,
      ConsistentRead: true,
      Limit: PAGE_RECORDS,
      ExclusiveStartKey: from,
    });
    return call('Scan', (send) => client.send(command, send));
  };

  const getItem = async (sessionId: string): Promise<Item | undefined> => {
    const command = new GetItemCommand({ TableName: table, Key: keyOf(sessionId), ConsistentRead: true });
    const { Item: found } = await call('GetItem', (send) => client.send(command, send));
    return found && plain(found);
  };

  return {
    async get(sessionId) {
      const item = sessionId === INSTALLATION_KEY ? undefined : await getItem(sessionId);
      return item && parseItem(item);
    },
    installation: async () => parseInstallation(await getItem(INSTALLATION_KEY)),
    async list() {
      const found: StoredEnvironment[] = [];
      let from: Record<string, AttributeValue> | undefined;
      do {
        const { Items = [], LastEvaluatedKey } = await page(from);
        const items = Items.map(plain).filter((item) => item['session_id'] !== INSTALLATION_KEY);
        found.push(...items.map(parseItem));
        from = LastEvaluatedKey;
      } while (from);
      return found;
    },
    async create(desired) {
      const command = new PutItemCommand({
        TableName: table,
        Item: marshall(encodeDesired(desired)),
        ConditionExpression: 'attribute_not_exists(session_id)',
      });
      await call('PutItem', (send) => client.send(command, send));
    },
    applyIntent: (sessionId, intakeRev, change) =>
      update(sessionId, {
        attributes: { ...intentAttributes(change), intake_rev: intakeRev + 1, expires_at: null },
        guard: revisionGuard('#guard', ['intake_rev'], intakeRev),
      }),
    putStatus: (sessionId, previousRev, status, state, expiresAt) =>
      update(sessionId, {
        attributes: {
          status: encodeStatus({ ...status, rev: previousRev + 1 }),
          state,
          expires_at: expiresAt ?? null,
        },
        guard: statusGuard(previousRev, status.epoch),
      }),
    recordVisit: (sessionId, at) => update(sessionId, { attributes: { visited_at: at } }),
    prepare: (create) => prepareTable({ ...SHAPE, client, table, call, clock, logger }, create),
  };
}

/** The revision is still `rev`; absent counts as 0, since records that people made by hand have none. */
function revisionGuard(path: string, names: readonly string[], rev: number): Guard {
  const condition = rev === 0 ? `(attribute_not_exists(${path}) OR ${path} = :rev)` : `${path} = :rev`;
  return { condition, names, values: { ':rev': { N: String(rev) } } };
}

/** As `revisionGuard`, and a revision that is no number counts as 0 too: nobody but Mayfly writes `status`. */
function statusGuard(rev: number, epoch: number | undefined): Guard {
  const path = '#guard.#guard1';
  const guard = revisionGuard(path, ['status', 'rev'], rev);
  const condition = rev === 0 ? `(${guard.condition} OR NOT attribute_type(${path}, :number))` : guard.condition;
  const values = { ...guard.values, ...((rev === 0 || epoch !== undefined) && { ':number': { S: 'N' } }) };
  return epoch === undefined ? { ...guard, condition, values } : fence({ ...guard, condition, values }, epoch);
}

/** No newer leader wrote. An epoch that is none does not keep anybody out. */
function fence({ condition, names, values }: Guard, epoch: number): Guard {
  const path = '#guard.#guard2';
  const free = [`attribute_not_exists(${path})`, `NOT attribute_type(${path}, :number)`];
  const older = [...free, `${path} <= :epoch`, `${path} > :max`].join(' OR ');
  const limits = { ':epoch': { N: String(epoch) }, ':max': { N: String(MAX_EPOCH) } };
  return { condition: `${condition} AND (${older})`, names: [...names, 'epoch'], values: { ...values, ...limits } };
}

/** Numbers of any size are read, if roughly: one item that cannot be read must not hide the others. */
function plain(item: Record<string, AttributeValue>): Item {
  return unmarshall(item, { wrapNumbers: Number });
}

function isLoopback(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return false;
  const { hostname } = new URL(endpoint);
  return (
    hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || hostname.startsWith('127.')
  );
}
