/** The same for CloudWatch Logs, ECR and DynamoDB. */
import { ANY, list, text } from './authorisation.ts';
import type { Ask, Authorisation, Home } from './authorisation.ts';

type Input = Record<string, unknown>;

const logGroup = (input: Input, home: Home): string => {
  const nameOrArn = text(input['logGroupName']) || text(input['logGroupIdentifier']);
  return nameOrArn.startsWith('arn:')
    ? nameOrArn.replace(/:\*$/, '')
    : `arn:aws:logs:${home.region}:${home.account}:log-group:${nameOrArn}`;
};

const one =
  (action: string, resource: (input: Input, home: Home) => string): Ask =>
  (input, home) => [{ action, resources: [resource(input, home)], conditions: {} }];

export const LOGS_ASKS: Readonly<Record<string, Ask>> = {
  GetLogEvents: one(
    'logs:GetLogEvents',
    (input, home) => `${logGroup(input, home)}:log-stream:${text(input['logStreamName'])}`,
  ),
  FilterLogEvents: one('logs:FilterLogEvents', logGroup),
  DescribeLogStreams: one('logs:DescribeLogStreams', logGroup),
  CreateLogGroup: one('logs:CreateLogGroup', logGroup),
};

const repository = (home: Home, registry: unknown, name: string): string =>
  `arn:aws:ecr:${home.region}:${text(registry) || home.account}:repository/${name}`;

function onRepository(operation: string): Ask {
  return one(`ecr:${operation}`, (input, home) => repository(home, input['registryId'], text(input['repositoryName'])));
}

export const ECR_ASKS: Readonly<Record<string, Ask>> = {
  DescribeImages: onRepository('DescribeImages'),
  BatchGetImage: onRepository('BatchGetImage'),
  ListImages: onRepository('ListImages'),
  DescribeRepositories: (input, home) => {
    const names = list(input['repositoryNames']).map(text);
    const resources = (names.length === 0 ? ['*'] : names).map((name) => repository(home, input['registryId'], name));
    return [{ action: 'ecr:DescribeRepositories', resources, conditions: {} }];
  },
};

/** Tables and their indexes; operations on several items ask for each, as the operations that they stand for. */
export function dynamoDbAsk(operation: string): Ask {
  return (input, home) => {
    const table = (name: unknown): string => `arn:aws:dynamodb:${home.region}:${home.account}:table/${text(name)}`;
    if (operation === 'TransactWriteItems') return transacted(input, table);
    const index = text(input['IndexName']);
    const named = table(input['TableName']) + (index === '' ? '' : `/index/${index}`);
    const resources = text(input['TableName']) === '' ? ANY : [named];
    return [{ action: `dynamodb:${operation}`, resources, conditions: {} }];
  };
}

const WRITES = { Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem', ConditionCheck: 'ConditionCheckItem' };

function transacted(input: Input, table: (name: unknown) => string): readonly Authorisation[] {
  return list(input['TransactItems']).flatMap((item) =>
    Object.entries(WRITES).flatMap(([member, action]) => {
      const write = (item as Record<string, { readonly TableName?: unknown } | undefined>)[member];
      if (write === undefined) return [];
      return [{ action: `dynamodb:${action}`, resources: [table(write.TableName)], conditions: {} }];
    }),
  );
}
