/** UpdateItem's expressions. Every name goes through a placeholder: many of ours are reserved words. */
import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

export interface Guard {
  /** Over the placeholders `#guard`, `#guard1`, … that stand for `names` in turn. */
  readonly condition: string;
  readonly names: readonly string[];
  readonly values: NonNullable<UpdateItemCommandInput['ExpressionAttributeValues']>;
}

export interface UpdateInput {
  /** By attribute name: `undefined` leaves an attribute as it is, `null` removes it. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly guard?: Guard | undefined;
}

type Expressions = Pick<
  UpdateItemCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/** Always conditional on the item's existence, so that an update never creates one. */
export function updateOf({ attributes, guard }: UpdateInput): Expressions {
  const set = Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null);
  const removed = Object.keys(attributes).filter((name) => attributes[name] === null);
  const clauses = [
    set.length > 0 ? `SET ${set.map(([name]) => `#${name} = :${name}`).join(', ')}` : '',
    removed.length > 0 ? `REMOVE ${removed.map((name) => `#${name}`).join(', ')}` : '',
  ];
  const conditions = ['attribute_exists(#session_id)', ...(guard ? [guard.condition] : [])];
  return {
    UpdateExpression: clauses.join(' ').trim(),
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: {
      ...namesOf(['session_id', ...set.map(([name]) => name), ...removed]),
      ...Object.fromEntries((guard?.names ?? []).map((name, index) => [`#guard${index || ''}`, name])),
    },
    ExpressionAttributeValues: {
      ...marshall(Object.fromEntries(set.map(([name, value]) => [`:${name}`, value]))),
      ...guard?.values,
    },
  };
}

function namesOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [`#${name}`, name]));
}
