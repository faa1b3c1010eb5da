/** Which actions, resources and condition keys each ECS operation is authorised on: fact group "IAM ECS". */
import { ANY, list, requestTags, text, texts } from './authorisation.ts';
import type { Ask, Authorisation, Conditions, Home, Known } from './authorisation.ts';

type Input = Record<string, unknown>;

const arn = (home: Home, resource: string): string => `arn:aws:ecs:${home.region}:${home.account}:${resource}`;

const full = (home: Home, kind: string, nameOrArn: string): string =>
  nameOrArn.startsWith('arn:') ? nameOrArn : arn(home, `${kind}/${nameOrArn}`);

const clusterOf = (home: Home, input: Input): string => full(home, 'cluster', text(input['cluster']) || 'default');

const clusterName = (home: Home, input: Input): string => clusterOf(home, input).split('cluster/')[1] ?? '';

const taskArn = (home: Home, input: Input, task: string): string =>
  full(home, `task/${clusterName(home, input)}`, task);

/** A family alone stands for whatever revision is newest. */
function definitionArn(home: Home, name: string): string {
  const found = full(home, 'task-definition', name);
  return /:\d+$/.test(found) ? found : `${found}:*`;
}

const inCluster = (home: Home, input: Input): Conditions => ({ 'ecs:cluster': clusterOf(home, input) });

/** Asked only when the request has tags: "Grant permission to tag resources on creation". */
function tagging(operation: string, resource: string, tags: unknown): readonly Authorisation[] {
  const conditions = requestTags(tags);
  if (Object.keys(conditions).length === 0) return [];
  return [
    { action: 'ecs:TagResource', resources: [resource], conditions: { ...conditions, 'ecs:CreateAction': operation } },
  ];
}

function passing(roles: readonly string[]): readonly Authorisation[] {
  return [...new Set(roles)].map((role) => ({
    action: 'iam:PassRole',
    resources: [role],
    conditions: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
  }));
}

function roles(of: unknown): readonly string[] {
  const { taskRoleArn, executionRoleArn } = (of ?? {}) as Record<string, unknown>;
  return [text(taskRoleArn), text(executionRoleArn)].filter((role) => role !== '');
}

function runTask(input: Input, home: Home, known: Known): readonly Authorisation[] {
  const definition = text(input['taskDefinition']);
  const overriding = roles(input['overrides']);
  return [
    {
      action: 'ecs:RunTask',
      resources: [definitionArn(home, definition)],
      conditions: {
        ...inCluster(home, input),
        ...requestTags(input['tags']),
        'ecs:enable-execute-command': String(input['enableExecuteCommand'] === true),
      },
    },
    ...tagging('RunTask', taskArn(home, input, '*'), input['tags']),
    ...passing([...known.rolesOf(definition), ...overriding]),
  ];
}

function registerTaskDefinition(input: Input, home: Home): readonly Authorisation[] {
  const resource = arn(home, `task-definition/${text(input['family'])}:*`);
  const containers = list(input['containerDefinitions']) as readonly { readonly privileged?: boolean }[];
  const sized: Conditions = {
    ...(text(input['cpu']) !== '' && { 'ecs:task-cpu': text(input['cpu']) }),
    ...(text(input['memory']) !== '' && { 'ecs:task-memory': text(input['memory']) }),
    'ecs:compute-compatibility': texts(input['requiresCompatibilities']),
    'ecs:privileged': String(containers.some((one) => one.privileged === true)),
  };
  const conditions = { ...requestTags(input['tags']), ...sized };
  return [
    { action: 'ecs:RegisterTaskDefinition', resources: [resource], conditions },
    ...tagging('RegisterTaskDefinition', resource, input['tags']),
    ...passing(roles(input)),
  ];
}

function createCluster(input: Input, home: Home): readonly Authorisation[] {
  const resource = arn(home, `cluster/${text(input['clusterName']) || 'default'}`);
  return [
    { action: 'ecs:CreateCluster', resources: [resource], conditions: requestTags(input['tags']) },
    ...tagging('CreateCluster', resource, input['tags']),
  ];
}

const one =
  (action: string, resources: (input: Input, home: Home) => readonly string[], conditions?: typeof inCluster): Ask =>
  (input, home) => [
    { action: `ecs:${action}`, resources: resources(input, home), conditions: conditions?.(home, input) ?? {} },
  ];

const anything = (action: string): Ask => one(action, () => ANY);

export const ECS_ASKS: Readonly<Record<string, Ask>> = {
  RunTask: runTask,
  RegisterTaskDefinition: registerTaskDefinition,
  CreateCluster: createCluster,
  // The only resource type that ListTasks knows, whether or not an instance is named.
  ListTasks: one(
    'ListTasks',
    (input, home) => [arn(home, `container-instance/${clusterName(home, input)}/*`)],
    inCluster,
  ),
  DescribeTasks: one(
    'DescribeTasks',
    (input, home) => texts(input['tasks']).map((task) => taskArn(home, input, task)),
    inCluster,
  ),
  StopTask: one('StopTask', (input, home) => [taskArn(home, input, text(input['task']))], inCluster),
  DescribeClusters: one('DescribeClusters', (input, home) => {
    const named = texts(input['clusters']);
    return (named.length === 0 ? ['default'] : named).map((name) => full(home, 'cluster', name));
  }),
  DeleteTaskDefinitions: one('DeleteTaskDefinitions', (input, home) =>
    texts(input['taskDefinitions']).map((name) => definitionArn(home, name)),
  ),
  TagResource: (input) => [
    { action: 'ecs:TagResource', resources: [text(input['resourceArn'])], conditions: requestTags(input['tags']) },
  ],
  UntagResource: (input) => [
    {
      action: 'ecs:UntagResource',
      resources: [text(input['resourceArn'])],
      conditions: { 'aws:TagKeys': texts(input['tagKeys']) },
    },
  ],
  ListTagsForResource: one('ListTagsForResource', (input) => [text(input['resourceArn'])]),
  DescribeTaskDefinition: anything('DescribeTaskDefinition'),
  DeregisterTaskDefinition: anything('DeregisterTaskDefinition'),
  ListTaskDefinitions: anything('ListTaskDefinitions'),
};
