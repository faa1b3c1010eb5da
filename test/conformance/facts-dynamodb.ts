/** How DynamoDB behaves, as far as the stores and the lease rely on it. Sources are those of AWS-FACTS. */
import { about, type Fact } from './fact.ts';

const NOT_OURS = 'The stores do not use it.';

export const DYNAMODB_FACTS: readonly Fact[] = [
  ...about('tables', '[BC]', {
    'dynamodb.table.absent': 'A table that does not exist is ResourceNotFoundException, for reading and for writing.',
    'dynamodb.table.exists': 'Creating a table that exists is ResourceInUseException.',
    'dynamodb.table.described': 'DescribeTable tells the status, and the key with its type.',
    'dynamodb.table.capacity': ['An on-demand table takes 40,000 units a second.', 'It is too much to use up.'],
  }),
  ...about('conditional put', '[BC]', {
    'dynamodb.put.if-absent': 'PutItem with attribute_not_exists on the key succeeds once.',
    'dynamodb.put.race': 'Of several such writes at one time, exactly one succeeds.',
    'dynamodb.put.replaces': 'PutItem without a condition replaces the whole item.',
  }),
  ...about('UpdateItem', '[BC]', {
    'dynamodb.update.creates': 'UpdateItem of an absent item creates it.',
    'dynamodb.update.guarded': 'With attribute_exists on the key it does not, and fails.',
    'dynamodb.update.leaves-others': 'It leaves attributes that it does not name.',
    'dynamodb.update.remove': 'REMOVE of an attribute that is not there succeeds.',
    'dynamodb.update.key': 'The key cannot be changed by it.',
    'dynamodb.update.set-and-remove': 'SET and REMOVE may stand in one expression.',
  }),
  ...about('conditions', '[BC]', {
    'dynamodb.condition.failed':
      'A condition that does not hold is ConditionalCheckFailedException, and writes nothing.',
    'dynamodb.condition.revision': 'A condition on a number holds for equal numbers, however they are written.',
    'dynamodb.condition.race': 'Of several writes on one revision, exactly one succeeds.',
    'dynamodb.condition.nested': 'A condition may look into a map; a path that is not there is absent.',
    'dynamodb.condition.type': 'attribute_type tells a number from a string.',
    'dynamodb.condition.logic': 'AND binds before OR, NOT before both, and brackets before all.',
    'dynamodb.condition.all-old': 'ReturnValuesOnConditionCheckFailure ALL_OLD gives the item with the failure.',
    'dynamodb.condition.false-failure': 'A conditional write that was applied fails when it is sent again.',
  }),
  ...about('expressions', '[BC],[D:Constraints]', {
    'dynamodb.expression.reserved': 'A reserved word needs a placeholder.',
    'dynamodb.expression.unused': 'A placeholder that no expression uses is refused.',
    'dynamodb.expression.size': 'An expression has at most 4 KB.',
  }),
  ...about('GetItem', '[BC]', {
    'dynamodb.get.absent': 'GetItem of an absent item succeeds, without an item.',
    'dynamodb.get.consistent': 'With ConsistentRead it shows what was written before.',
    'dynamodb.get.eventual': ['Without it, an older item may be shown.', 'It is allowed, and not sure to happen.'],
    'dynamodb.index.eventual': ['Indexes are never read consistently.', NOT_OURS],
  }),
  ...about('Scan', '[BC]', {
    'dynamodb.scan.pages': 'Limit makes pages, and LastEvaluatedKey leads through all items, each once.',
    'dynamodb.scan.consistent': 'With ConsistentRead it shows what was written before.',
  }),
  ...about('return values', '[BC]', {
    'dynamodb.return.all-new': 'ReturnValues ALL_NEW of UpdateItem gives the item as it is now.',
  }),
  ...about('types', '[BC]', {
    'dynamodb.types.round-trip': 'Strings, numbers, booleans, nulls, lists and maps are read as they were written.',
    'dynamodb.types.empty': 'An attribute that is no key may be the empty string.',
  }),
  ...about('limits', '[D:Constraints],[BC]', {
    'dynamodb.limit.item': 'An item has at most 400 KB.',
    'dynamodb.limit.key': 'A partition key has at most 2,048 bytes, and at least one.',
    'dynamodb.limit.transaction': ['A transaction has 100 items.', NOT_OURS],
  }),
  ...about('Streams', '[D:TTL]', {
    'dynamodb.ttl.late': ['Items are deleted days after their time to live.', 'It takes days.'],
    'dynamodb.streams': ['A stream has each change once, in order for each item.', NOT_OURS],
  }),
];
