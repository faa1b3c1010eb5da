/**
 * What is known to be otherwise, by implementation and fact. A case that fails on one of these deviates; one that is
 * listed here and passes makes the suite fail, so that the list stays true.
 */
export const DEVIATIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'mayfly-local': {},
  dynalite: {
    'dynamodb.condition.all-old':
      'It knows no ReturnValuesOnConditionCheckFailure: the failure comes without the item.',
    'dynamodb.expression.size': 'It takes expressions of any size.',
  },
  aws: {},
};
