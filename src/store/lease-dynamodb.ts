/**
 * The lease in DynamoDB: a table of its own, so that no edit of the records touches it, with one item an installation.
 * Every write is a PutItem on the condition that the item is exactly what was read or written before.
 */
import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { systemClock } from '../runtime/clock.ts';
import type { Lease } from '../runtime/lease.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type DynamoCallOptions, makeDynamoCall } from './dynamodb-call.ts';
import { prepareTable } from './dynamodb-table.ts';
import { encodeLease, LEASE_IDENTITY, type LeaseStore, parseLease } from './lease-record.ts';
import { StoreError } from './port.ts';

export interface DynamoLeaseOptions extends DynamoCallOptions {
  readonly client: DynamoDBClient;
  /** The key of the item. */
  readonly installation: string;
  readonly logger?: Logger | undefined;
}

type Item = Readonly<Record<string, AttributeValue>>;

const SHAPE = { key: 'installation', setting: 'store.leaseTable' };
/** A renewal that takes longer is better tried again. */
const TIMEOUT_MS = 2_000;

export function makeDynamoLease(options: DynamoLeaseOptions): LeaseStore {
  const { client, table, installation, logger, clock = systemClock } = options;
  const call = makeDynamoCall({ timeoutMs: TIMEOUT_MS, ...options });
  const Key = { installation: { S: installation } };
  /** The items behind what was read: one that cannot be understood is replaced exactly too. */
  const origins = new WeakMap<Lease, Item>();
  let said: string | undefined;
  const complain = (fault: string | undefined): void => {
    if (fault !== undefined && fault !== said)
      logger?.warn({ table, installation, fault }, 'the lease cannot be understood; it is waited for, then replaced');
    said = fault;
  };

  return {
    async read() {
      const command = new GetItemCommand({ TableName: table, Key, ConsistentRead: true });
      const { Item } = await call('GetItem', (send) => client.send(command, send));
      if (!Item) return undefined;
      const { lease, fault } = parseLease(unmarshall(Item, { wrapNumbers: Number }));
      complain(fault);
      origins.set(lease, Item);
      return lease;
    },
    async swap(previous, next) {
      const expected = previous && (origins.get(previous) ?? marshall(encodeLease(previous)));
      const item = marshall({ ...encodeLease(next), installation });
      const command = new PutItemCommand({ TableName: table, Item: item, ...conditionOf(expected) });
      try {
        await call('PutItem', (send) => client.send(command, send));
        return true;
      } catch (error) {
        if (error instanceof StoreError && error.kind === 'conflict') return false;
        throw error;
      }
    },
    prepare: (create) => prepareTable({ ...SHAPE, client, table, call, clock, logger }, create),
  };
}

type Condition = Pick<
  PutItemCommandInput,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

function conditionOf(expected: Item | undefined): Condition {
  if (!expected) return { ConditionExpression: 'attribute_not_exists(installation)' };
  const tests = LEASE_IDENTITY.map((name) => testOf(name, expected[name]));
  const values = tests.flatMap(({ value }) => (value ? [value] : []));
  return {
    ConditionExpression: ['attribute_exists(installation)', ...tests.map(({ text }) => text)].join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(LEASE_IDENTITY.map((name) => [`#${name}`, name])),
    ...(values.length > 0 && { ExpressionAttributeValues: Object.fromEntries(values) }),
  };
}

interface Test {
  readonly text: string;
  readonly value?: readonly [string, AttributeValue];
}

/** Plain values are compared with their type; of lists, maps and sets, which no lease has, the type is enough. */
function testOf(name: string, expected: AttributeValue | undefined): Test {
  if (!expected) return { text: `attribute_not_exists(#${name})` };
  const type = Object.keys(expected)[0] ?? '';
  if (['S', 'N', 'B', 'BOOL', 'NULL'].includes(type))
    return { text: `#${name} = :${name}`, value: [`:${name}`, expected] };
  return { text: `attribute_type(#${name}, :${name})`, value: [`:${name}`, { S: type }] };
}
