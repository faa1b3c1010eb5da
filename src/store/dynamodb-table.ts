/** The table itself: checked at start, created only when told to. */
import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { type Clock, sleep } from '../runtime/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { DynamoCall } from './dynamodb-call.ts';
import { StoreError } from './port.ts';

const LOOK_EVERY_MS = 200;
const ACTIVE_WITHIN_MS = 60_000;

export interface TableOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Name of the partition key, a text. */
  readonly key: string;
  /** Where the table's name is configured, e.g. `store.table`. */
  readonly setting: string;
  /** What a person should do once the table was created. */
  readonly advice?: string | undefined;
  readonly call: DynamoCall;
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
}

/** Resolves once the table has the right key and is ACTIVE. Throws `StoreError`: `misconfigured` says what to do. */
export async function prepareTable(options: TableOptions, create: boolean): Promise<void> {
  const found = await describeTable(options);
  if (!found) await createTable(options, create);
  else checkKey(found, options);
  await waitForActive(options, found);
}

async function describeTable({ client, table, call }: TableOptions): Promise<TableDescription | undefined> {
  try {
    const answer = await call('DescribeTable', (send) =>
      client.send(new DescribeTableCommand({ TableName: table }), send),
    );
    return answer.Table;
  } catch (error) {
    if (causeName(error) === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

async function createTable(options: TableOptions, create: boolean): Promise<void> {
  const { client, table, key, advice, call, logger } = options;
  if (!create) throw new StoreError('misconfigured', missing(options));
  const command = new CreateTableCommand({
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
    KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
  });
  try {
    await call('CreateTable', (send) => client.send(command, send));
    logger?.info({ table }, ['created the table', ...(advice === undefined ? [] : [advice])].join('; '));
  } catch (error) {
    // Another operator that starts at the same moment was faster.
    if (causeName(error) !== 'ResourceInUseException') throw error;
  }
}

async function waitForActive(options: TableOptions, first: TableDescription | undefined): Promise<void> {
  const { table, setting, clock } = options;
  const until = clock.monotonic() + ACTIVE_WITHIN_MS;
  for (let found = first; ; found = await describeTable(options)) {
    const status = found?.TableStatus ?? 'CREATING';
    if (status === 'ACTIVE' || status === 'UPDATING') {
      checkKey(found, options);
      return;
    }
    if (status !== 'CREATING')
      throw new StoreError(
        'misconfigured',
        `Table ${table} is ${status}. Wait for it to go, or name another in ${setting}.`,
      );
    if (clock.monotonic() >= until)
      throw new StoreError('unavailable', `Table ${table} is still ${status} after ${ACTIVE_WITHIN_MS / 1000} s.`);
    await sleep(clock, LOOK_EVERY_MS);
  }
}

function checkKey(found: TableDescription | undefined, { table, key, setting }: TableOptions): void {
  const types = new Map(found?.AttributeDefinitions?.map((one) => [one.AttributeName, one.AttributeType]));
  const keys = found?.KeySchema?.map((one) => `${one.AttributeName} (${types.get(one.AttributeName)}, ${one.KeyType})`);
  const shown = keys?.join(' and ') ?? 'none';
  if (shown === `${key} (S, HASH)`) return;
  const wanted = `${key} (S, HASH) and no sort key`;
  const fix = `A key cannot be changed: name another table in ${setting}.`;
  throw new StoreError('misconfigured', `Table ${table} has the key ${shown}, but Mayfly needs ${wanted}. ${fix}`);
}

function missing({ table, key }: TableOptions): string {
  const command =
    `aws dynamodb create-table --table-name ${table} --billing-mode PAY_PER_REQUEST` +
    ` --attribute-definitions AttributeName=${key},AttributeType=S --key-schema AttributeName=${key},KeyType=HASH`;
  return `Table ${table} does not exist. Set store.createTables to true, or create it: ${command}`;
}

function causeName(error: unknown): string | undefined {
  return error instanceof StoreError && error.cause instanceof Error ? error.cause.name : undefined;
}
