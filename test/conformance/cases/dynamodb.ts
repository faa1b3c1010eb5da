/** DynamoDB as the stores use it: one table, a string for a key, conditions on every write. */
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  ScanCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import assert from 'node:assert/strict';
import type { Arena, Case } from '../arena.ts';
import { inTurn, present, refused } from '../steps.ts';

type Item = Record<string, AttributeValue>;

/** One item of its own in the arena's table, which does not exist yet. */
async function makeItem(arena: Arena) {
  const TableName = await arena.table();
  const { dynamodb } = arena;
  const id = arena.name('item');
  const Key = { session_id: { S: id } };
  arena.cleanup(() => dynamodb.send(new DeleteItemCommand({ TableName, Key })));
  return {
    id,
    put: (attributes: Item, more: Partial<PutItemCommandInput> = {}) =>
      dynamodb.send(new PutItemCommand({ TableName, Item: { ...Key, ...attributes }, ...more })),
    update: (input: Partial<UpdateItemCommandInput>) =>
      dynamodb.send(new UpdateItemCommand({ TableName, Key, ...input })),
    async read(): Promise<Item | undefined> {
      const { Item: found } = await dynamodb.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
      if (!found) return undefined;
      const { session_id: _key, ...attributes } = found;
      return attributes;
    },
  };
}

const IF_ABSENT = { ConditionExpression: 'attribute_not_exists(session_id)' };
const FAILED = 'ConditionalCheckFailed';

const set = (name: string, value: AttributeValue): Partial<UpdateItemCommandInput> => ({
  UpdateExpression: 'SET #name = :value',
  ExpressionAttributeNames: { '#name': name },
  ExpressionAttributeValues: { ':value': value },
});

/** rev = from → from + 1 */
const step = (from: string): Partial<UpdateItemCommandInput> => ({
  UpdateExpression: 'SET rev = :next',
  ConditionExpression: 'rev = :from',
  ExpressionAttributeValues: { ':from': { N: from }, ':next': { N: String(Number(from) + 1) } },
});

/** A write that changes nothing else, and succeeds when the condition holds. */
const when = (ConditionExpression: string, values: Item = {}): Partial<UpdateItemCommandInput> => ({
  UpdateExpression: 'SET touched = :true',
  ConditionExpression,
  ExpressionAttributeValues: { ':true': { BOOL: true }, ...values },
});

const outcomes = async (calls: readonly Promise<unknown>[]): Promise<readonly number[]> => {
  const settled = await Promise.allSettled(calls);
  return [settled.filter(({ status }) => status === 'fulfilled').length, settled.length];
};

const TABLES: readonly Case[] = [
  {
    facts: ['dynamodb.table.absent'],
    name: 'a table that is not there is not found',
    async run({ dynamodb, name }) {
      const TableName = name('none');
      const Key = { session_id: { S: 'a' } };
      await refused(dynamodb.send(new DescribeTableCommand({ TableName })), 'ResourceNotFound');
      await refused(dynamodb.send(new GetItemCommand({ TableName, Key })), 'ResourceNotFound');
      await refused(dynamodb.send(new PutItemCommand({ TableName, Item: Key })), 'ResourceNotFound');
    },
  },
  {
    facts: ['dynamodb.table.exists', 'dynamodb.table.described'],
    name: 'a table that is there cannot be created, and tells its key',
    async run(arena) {
      const TableName = await arena.table();
      const KeySchema = [{ AttributeName: 'session_id', KeyType: 'HASH' as const }];
      const AttributeDefinitions = [{ AttributeName: 'session_id', AttributeType: 'S' as const }];
      const { Table } = await arena.dynamodb.send(new DescribeTableCommand({ TableName }));
      assert.deepEqual(
        [Table?.TableStatus, Table?.KeySchema, Table?.AttributeDefinitions],
        ['ACTIVE', KeySchema, AttributeDefinitions],
      );
      const again = { TableName, KeySchema, AttributeDefinitions, BillingMode: 'PAY_PER_REQUEST' as const };
      await refused(arena.dynamodb.send(new CreateTableCommand(again)), 'ResourceInUse');
    },
  },
];

const WRITING: readonly Case[] = [
  {
    facts: ['dynamodb.put.if-absent'],
    name: 'the second new item of a key is refused, and the first stays',
    async run(arena) {
      const item = await makeItem(arena);
      await item.put({ by: { S: 'first' } }, IF_ABSENT);
      await refused(item.put({ by: { S: 'second' } }, IF_ABSENT), FAILED);
      assert.deepEqual(await item.read(), { by: { S: 'first' } });
    },
  },
  {
    facts: ['dynamodb.put.race'],
    name: 'of five new items of a key at one time, one is written',
    async run(arena) {
      const item = await makeItem(arena);
      const writes = Array.from({ length: 5 }, (_, index) => item.put({ by: { N: String(index) } }, IF_ABSENT));
      assert.deepEqual(await outcomes(writes), [1, 5]);
    },
  },
  {
    facts: ['dynamodb.put.replaces'],
    name: 'an item that is put again loses what it had',
    async run(arena) {
      const item = await makeItem(arena);
      await item.put({ old: { S: 'x' } });
      await item.put({ young: { S: 'y' } });
      assert.deepEqual(await item.read(), { young: { S: 'y' } });
    },
  },
  {
    facts: ['dynamodb.update.creates'],
    name: 'an update of an absent item makes one',
    async run(arena) {
      const item = await makeItem(arena);
      await item.update(set('state', { S: 'active' }));
      assert.deepEqual(await item.read(), { state: { S: 'active' } });
    },
  },
  {
    facts: ['dynamodb.update.guarded'],
    name: 'a guarded one does not',
    async run(arena) {
      const item = await makeItem(arena);
      const guarded = { ...set('state', { S: 'active' }), ConditionExpression: 'attribute_exists(session_id)' };
      await refused(item.update(guarded), FAILED);
      assert.equal(await item.read(), undefined);
    },
  },
  {
    facts: ['dynamodb.update.leaves-others', 'dynamodb.update.set-and-remove', 'dynamodb.update.remove'],
    name: 'an update sets and removes what it names, and leaves the rest',
    async run(arena) {
      const item = await makeItem(arena);
      await item.put({ kept: { S: 'x' }, changed: { N: '1' }, gone: { BOOL: true } });
      await item.update({
        UpdateExpression: 'SET changed = :two REMOVE gone, never_was',
        ExpressionAttributeValues: { ':two': { N: '2' } },
      });
      assert.deepEqual(await item.read(), { kept: { S: 'x' }, changed: { N: '2' } });
    },
  },
  {
    facts: ['dynamodb.update.key'],
    name: 'the key cannot be set',
    async run(arena) {
      const item = await makeItem(arena);
      await refused(item.update(set('session_id', { S: 'another' })), 'Validation');
    },
  },
];

const CONDITIONS: readonly Case[] = [
  {
    facts: ['dynamodb.condition.failed', 'dynamodb.condition.revision'],
    name: 'a write on the revision that is there succeeds, on another it changes nothing',
    async run(arena) {
      const item = await makeItem(arena);
      await item.put({ rev: { N: '7' } });
      await refused(item.update(step('6')), FAILED);
      assert.deepEqual(await item.read(), { rev: { N: '7' } });
      await item.update(step('7.0'));
      assert.deepEqual(await item.read(), { rev: { N: '8' } });
    },
  },
  {
    facts: ['dynamodb.condition.race'],
    name: 'of five writes on one revision, one is applied',
    async run(arena) {
      const item = await makeItem(arena);
      await item.put({ rev: { N: '1' } });
      assert.deepEqual(await outcomes(Array.from({ length: 5 }, () => item.update(step('1')))), [1, 5]);
      assert.deepEqual(await item.read(), { rev: { N: '2' } });
    },
  },
  {
    facts: ['dynamodb.condition.nested'],
    name: 'a condition looks into a map, and finds nothing where there is none',
    async run(arena) {
      const item = await makeItem(arena);
      await item.put({ report: { M: { rev: { N: '3' } } } });
      await item.update(when('report.rev = :rev', { ':rev': { N: '3' } }));
      await refused(item.update(when('attribute_not_exists(report.rev)')), FAILED);
      await item.update(when('attribute_not_exists(report.elsewhere)'));
      await item.update(when('attribute_not_exists(nothing.rev)'));
      await item.put({ report: { S: 'written by hand' } });
      await item.update(when('attribute_not_exists(report.rev)'));
    },
  },
  {
    facts: ['dynamodb.condition.type'],
    name: 'a number is no string, and an absent attribute is neither',
    async run(arena) {
      const item = await makeItem(arena);
      await item.put({ rev: { S: 'seven' } });
      const number = { ':type': { S: 'N' } };
      await item.update(when('NOT attribute_type(rev, :type)', number));
      await refused(item.update(when('attribute_type(rev, :type)', number)), FAILED);
      await item.update(when('attribute_type(rev, :type)', { ':type': { S: 'S' } }));
      await refused(item.update(when('attribute_type(nothing, :type)', number)), FAILED);
    },
  },
  {
    facts: ['dynamodb.condition.logic'],
    name: 'AND binds before OR',
    async run(arena) {
      const item = await makeItem(arena);
      await item.put({ a: { N: '1' } });
      const [there, gone] = ['attribute_exists(a)', 'attribute_exists(b)'];
      await item.update(when(`${there} OR ${gone} AND ${gone}`));
      await refused(item.update(when(`(${there} OR ${gone}) AND ${gone}`)), FAILED);
      await item.update(when(`NOT ${gone} AND ${there}`));
    },
  },
  {
    facts: ['dynamodb.condition.all-old'],
    name: 'a failed condition tells what is there, when asked to',
    async run(arena) {
      const item = await makeItem(arena);
      await item.put({ rev: { N: '7' }, by: { S: 'another' } });
      const asking = { ...step('6'), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const };
      const error = (await refused(item.update(asking), FAILED)) as { Item?: Item };
      assert.deepEqual(error.Item?.['by'], { S: 'another' });
    },
  },
  {
    facts: ['dynamodb.condition.false-failure'],
    name: 'the retry of a write that was applied is refused',
    async run(arena) {
      const item = await makeItem(arena);
      await item.put({ rev: { N: '1' } });
      await item.update(step('1'));
      await refused(item.update(step('1')), FAILED);
    },
  },
  {
    facts: ['dynamodb.expression.reserved'],
    name: 'state cannot be named without a placeholder',
    async run(arena) {
      const item = await makeItem(arena);
      const input = { UpdateExpression: 'SET state = :v', ExpressionAttributeValues: { ':v': { S: 'x' } } };
      await refused(item.update(input), 'Validation', /reserved/);
    },
  },
  {
    facts: ['dynamodb.expression.unused'],
    name: 'names and values that are not used are refused',
    async run(arena) {
      const item = await makeItem(arena);
      const base = set('a', { S: 'x' });
      const names = { ...base.ExpressionAttributeNames, '#unused': 'b' };
      const values = { ...base.ExpressionAttributeValues, ':unused': { S: 'y' } };
      await refused(item.update({ ...base, ExpressionAttributeNames: names }), 'Validation', /unused/);
      await refused(item.update({ ...base, ExpressionAttributeValues: values }), 'Validation', /unused/);
    },
  },
  {
    facts: ['dynamodb.expression.size'],
    name: 'an expression of more than 4 KB is refused',
    async run(arena) {
      const item = await makeItem(arena);
      const condition = Array.from({ length: 200 }, () => 'attribute_not_exists(nothing)').join(' AND ');
      await refused(item.update({ ...when(condition) }), 'Validation', /size/);
    },
  },
];

const READING: readonly Case[] = [
  {
    facts: ['dynamodb.get.absent', 'dynamodb.get.consistent'],
    name: 'an item is absent until it is written, and there at once then',
    async run(arena) {
      const item = await makeItem(arena);
      assert.equal(await item.read(), undefined);
      await item.put({ a: { N: '1' } });
      assert.deepEqual(await item.read(), { a: { N: '1' } });
    },
  },
  {
    facts: ['dynamodb.scan.pages', 'dynamodb.scan.consistent'],
    name: 'pages of two lead to each of five items once',
    async run(arena) {
      const items = await inTurn(5, async () => {
        const item = await makeItem(arena);
        await item.put({ a: { N: '1' } });
        return item.id;
      });
      const TableName = await arena.table();
      const seen: string[] = [];
      let ExclusiveStartKey: Item | undefined;
      do {
        const page = await arena.dynamodb.send(
          new ScanCommand({ TableName, Limit: 2, ConsistentRead: true, ExclusiveStartKey }),
        );
        assert.ok((page.Items?.length ?? 0) <= 2);
        seen.push(...(page.Items ?? []).map((item) => present(item['session_id']?.S, 'session_id')));
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey);
      assert.deepEqual(seen.filter((id) => items.includes(id)).sort(), [...items].sort());
    },
  },
  {
    facts: ['dynamodb.return.all-new'],
    name: 'an update gives the whole item, when asked to',
    async run(arena) {
      const item = await makeItem(arena);
      await item.put({ a: { N: '1' } });
      const { Attributes } = await item.update({ ...set('b', { N: '2' }), ReturnValues: 'ALL_NEW' });
      assert.deepEqual([Attributes?.['a'], Attributes?.['b']], [{ N: '1' }, { N: '2' }]);
    },
  },
  {
    facts: ['dynamodb.types.round-trip', 'dynamodb.types.empty'],
    name: 'what is written is read',
    async run(arena) {
      const item = await makeItem(arena);
      const attributes: Item = {
        text: { S: 'grüße 🐛' },
        empty: { S: '' },
        number: { N: '1700000000000' },
        fraction: { N: '0.5' },
        truth: { BOOL: false },
        nothing: { NULL: true },
        list: { L: [{ S: 'a' }, { N: '1' }, { M: {} }] },
        map: { M: { 'with.dot': { S: '' } } },
      };
      await item.put(attributes);
      assert.deepEqual(await item.read(), attributes);
    },
  },
  {
    facts: ['dynamodb.limit.item'],
    name: 'an item of 399 KB can be written, of 401 KB cannot',
    async run(arena) {
      const item = await makeItem(arena);
      await item.put({ text: { S: 'x'.repeat(399 * 1024) } });
      await refused(item.put({ text: { S: 'x'.repeat(401 * 1024) } }), 'Validation', /size/);
    },
  },
  {
    facts: ['dynamodb.limit.key'],
    name: 'a key of 2,049 bytes, or of none, is refused',
    async run(arena) {
      const TableName = await arena.table();
      const put = (id: string) =>
        arena.dynamodb.send(new PutItemCommand({ TableName, Item: { session_id: { S: id } } }));
      await refused(put('x'.repeat(2_049)), 'Validation');
      await refused(put(''), 'Validation');
    },
  },
];

export const DYNAMODB_CASES: readonly Case[] = [...TABLES, ...WRITING, ...CONDITIONS, ...READING];
