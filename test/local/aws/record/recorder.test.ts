import { describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../../../src/aws/operations.ts';
import { authorisationsOf, makeCallRecorder } from '../../../../src/local/aws/record/recorder.ts';
import type { CallRecord } from '../../../../src/local/aws/record/recorder.ts';

const home = { account: '111122223333', region: 'eu-west-1' };
const ecsArn = (resource: string): string => `arn:aws:ecs:eu-west-1:111122223333:${resource}`;
const elbArn = (resource: string): string => `arn:aws:elasticloadbalancing:eu-west-1:111122223333:${resource}`;
const ask = (service: string, operation: string, input: object) =>
  authorisationsOf({ service, operation, input }, home);

describe('RunTask asks', () => {
  const input = {
    cluster: 'main',
    taskDefinition: ecsArn('task-definition/web:3'),
    tags: [{ key: 'mayfly:session', value: 'tt-1' }],
    overrides: { taskRoleArn: 'arn:aws:iam::111122223333:role/task' },
  };

  it('for the definition in its cluster, for the tags, and for each role', () => {
    expect(ask('ecs', 'RunTask', input)).toEqual([
      {
        action: 'ecs:RunTask',
        resources: [ecsArn('task-definition/web:3')],
        conditions: {
          'ecs:cluster': ecsArn('cluster/main'),
          'ecs:enable-execute-command': 'false',
          'aws:RequestTag/mayfly:session': 'tt-1',
          'aws:TagKeys': ['mayfly:session'],
        },
      },
      {
        action: 'ecs:TagResource',
        resources: [ecsArn('task/main/*')],
        conditions: {
          'ecs:CreateAction': 'RunTask',
          'aws:RequestTag/mayfly:session': 'tt-1',
          'aws:TagKeys': ['mayfly:session'],
        },
      },
      {
        action: 'iam:PassRole',
        resources: ['arn:aws:iam::111122223333:role/task'],
        conditions: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
      },
    ]);
  });

  it('also for the roles that the definition names', () => {
    const known = { tagsOf: () => undefined, rolesOf: (name: string) => (name === 'web' ? ['arn:role/run'] : []) };
    const asked = authorisationsOf(
      { service: 'ecs', operation: 'RunTask', input: { taskDefinition: 'web' } },
      home,
      known,
    );
    expect(asked.map(({ action, resources }) => [action, resources])).toEqual([
      ['ecs:RunTask', [ecsArn('task-definition/web:*')]],
      ['iam:PassRole', ['arn:role/run']],
    ]);
  });
});

describe('the resources of', () => {
  const listener = elbArn('listener/app/main/1/2');
  it.each([
    ['ecs', 'ListTasks', { cluster: 'main' }, [ecsArn('container-instance/main/*')]],
    [
      'ecs',
      'DescribeTasks',
      { cluster: 'main', tasks: ['a', ecsArn('task/main/b')] },
      [ecsArn('task/main/a'), ecsArn('task/main/b')],
    ],
    ['ecs', 'StopTask', { cluster: ecsArn('cluster/main'), task: 'a' }, [ecsArn('task/main/a')]],
    ['ecs', 'DescribeClusters', {}, [ecsArn('cluster/default')]],
    ['ecs', 'RegisterTaskDefinition', { family: 'web' }, [ecsArn('task-definition/web:*')]],
    ['ecs', 'DescribeTaskDefinition', { taskDefinition: 'web' }, ['*']],
    ['elasticloadbalancing', 'DescribeTargetHealth', { TargetGroupArn: elbArn('targetgroup/a/1') }, ['*']],
    ['elasticloadbalancing', 'CreateTargetGroup', { Name: 'a' }, [elbArn('targetgroup/a/*')]],
    ['elasticloadbalancing', 'CreateRule', { ListenerArn: listener }, [listener]],
    ['elasticloadbalancing', 'DeleteRule', { RuleArn: 'rule' }, ['rule']],
    ['elasticloadbalancing', 'RegisterTargets', { TargetGroupArn: 'group' }, ['group']],
    [
      'ecr',
      'DescribeImages',
      { repositoryName: 'web', registryId: '000000000000' },
      ['arn:aws:ecr:eu-west-1:000000000000:repository/web'],
    ],
    [
      'logs',
      'GetLogEvents',
      { logGroupName: '/web', logStreamName: 'pr/web/1' },
      ['arn:aws:logs:eu-west-1:111122223333:log-group:/web:log-stream:pr/web/1'],
    ],
    [
      'dynamodb',
      'Query',
      { TableName: 't', IndexName: 'i' },
      ['arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i'],
    ],
    ['nobody', 'Knows', {}, ['*']],
  ])('%s:%s', (service, operation, input, resources) => {
    expect(ask(service, operation, input)[0]?.resources).toEqual(resources);
  });

  it('a rule that is created with tags is any rule of its listener', () => {
    expect(
      ask('elasticloadbalancing', 'CreateRule', { ListenerArn: listener, Tags: [{ Key: 'a', Value: 'b' }] })[1],
    ).toEqual({
      action: 'elasticloadbalancing:AddTags',
      resources: [elbArn('listener-rule/app/main/1/2/*')],
      conditions: { 'elasticloadbalancing:CreateAction': 'CreateRule', 'aws:RequestTag/a': 'b', 'aws:TagKeys': ['a'] },
    });
  });

  it('a transaction are those of its writes', () => {
    const input = { TransactItems: [{ Put: { TableName: 'a' } }, { ConditionCheck: { TableName: 'b' } }] };
    expect(ask('dynamodb', 'TransactWriteItems', input).map((one) => one.action)).toEqual([
      'dynamodb:PutItem',
      'dynamodb:ConditionCheckItem',
    ]);
  });
});

it('every operation that the operator calls is asked for by its own name', () => {
  for (const name of Object.keys(OPERATIONS)) {
    const [service = '', operation = ''] = name.split(':');
    expect(ask(service, operation, {})[0]?.action).toBe(name);
  }
});

describe('a record', () => {
  it('has the tags from before the call, in both spellings, and the outcome from after it', () => {
    const records: CallRecord[] = [];
    let tags: Record<string, string> = { env: 'test' };
    const known = { tagsOf: () => tags, rolesOf: () => [] };
    const recorder = makeCallRecorder({ ...home, clock: { now: () => 5 }, known, write: (one) => records.push(one) });
    const input = { cluster: 'main', task: 'a' };
    const finish = recorder.begin({ service: 'ecs', operation: 'StopTask', input, principal: 'AKID' });
    tags = {};
    finish('InvalidParameterException');
    expect(records).toEqual([
      {
        at: 5,
        principal: 'AKID',
        operation: 'ecs:StopTask',
        action: 'ecs:StopTask',
        resources: [
          { arn: ecsArn('task/main/a'), conditions: { 'aws:ResourceTag/env': 'test', 'ecs:ResourceTag/env': 'test' } },
        ],
        conditions: { 'ecs:cluster': ecsArn('cluster/main') },
        outcome: 'InvalidParameterException',
      },
    ]);
  });
});
