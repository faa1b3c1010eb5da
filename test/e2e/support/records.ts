/** Records as a person edits them: with the console, or with `aws dynamodb`. */
import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type AttributeValue,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { TABLE } from '../../../src/local/demo/provision.ts';
import type { Stack } from '../../../src/local/demo/stack.ts';

const keyOf = (session: string): Record<string, AttributeValue> => ({ session_id: { S: session } });

export async function getRecord(stack: Stack, session: string): Promise<Record<string, unknown> | undefined> {
  const command = new GetItemCommand({ TableName: TABLE, Key: keyOf(session), ConsistentRead: true });
  const { Item } = await stack.aws.dynamodb.send(command);
  return Item && unmarshall(Item);
}

/** `update-item`: each attribute gets the value, whatever its type; null removes it. */
export async function editRecord(stack: Stack, session: string, edit: Readonly<Record<string, unknown>>) {
  const names = Object.keys(edit);
  const set = names.filter((name) => edit[name] !== null).map((name) => `#${name} = :${name}`);
  const removed = names.filter((name) => edit[name] === null).map((name) => `#${name}`);
  const clauses = [set.length > 0 && `SET ${set.join(', ')}`, removed.length > 0 && `REMOVE ${removed.join(', ')}`];
  const values = Object.fromEntries(
    names.filter((name) => edit[name] !== null).map((name) => [`:${name}`, edit[name]]),
  );
  await stack.aws.dynamodb.send(
    new UpdateItemCommand({
      TableName: TABLE,
      Key: keyOf(session),
      UpdateExpression: clauses.filter(Boolean).join(' '),
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ...(set.length > 0 && { ExpressionAttributeValues: marshall(values) }),
    }),
  );
}

export async function putRecord(stack: Stack, item: Readonly<Record<string, unknown>>): Promise<void> {
  await stack.aws.dynamodb.send(new PutItemCommand({ TableName: TABLE, Item: marshall(item) }));
}

export async function deleteRecord(stack: Stack, session: string): Promise<void> {
  await stack.aws.dynamodb.send(new DeleteItemCommand({ TableName: TABLE, Key: keyOf(session) }));
}
