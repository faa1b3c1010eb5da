/** Every step and every failure, as a person reads it. */
import { describe, expect, it } from 'vitest';
import { AwsError, type AwsErrorKind } from '../../src/aws/errors.ts';
import { explain, UsageError } from '../../src/cli/failure.ts';
import { tellStep } from '../../src/cli/plan/steps.ts';
import type { ObservedRule } from '../../src/model/observed.ts';
import { healthCheckOf } from '../../src/model/health-check.ts';
import type { Step } from '../../src/model/step.ts';
import { StoreError } from '../../src/store/port.ts';

const ELB = 'arn:aws:elasticloadbalancing:eu-west-1:000000000000';
const GROUP = `${ELB}:targetgroup/mf-test-1/73e2d6bc24d8a067`;
const RULE = `${ELB}:listener-rule/app/dev/50dc/f2f7/9683`;
const TASK = 'arn:aws:ecs:eu-west-1:000000000000:task/main/0123';
const BASE = 'arn:aws:ecs:eu-west-1:000000000000:task-definition/app:3';

const rules: readonly ObservedRule[] = [{ arn: RULE, priority: 1_017, hosts: ['tt-one.example.com'], forward: [] }];
const weights = {
  environment: { targetGroupArn: GROUP, weight: 1 },
  frontDoor: { targetGroupArn: `${ELB}:targetgroup/front/1`, weight: 0 },
} as const;
const request = {
  cluster: 'main',
  taskDefinition: BASE,
  launchType: 'FARGATE',
  startedBy: 'mayfly/test',
  group: 'tt-one',
  subnets: [],
  securityGroups: [],
  assignPublicIp: false,
  container: 'web',
  cpu: '512',
  memory: '1024',
  env: { TOKEN: 'hidden', BRANCH: 'one' },
  tags: {},
} as const;
const attempt = { number: 2, taskHash: 'h', clientToken: 'token', request, requestedAt: '2026-03-01T18:00:00Z' };
const why = 'because';
const target = { targetGroupArn: GROUP, ip: '10.1.0.7', port: 3001, why };

const STEPS: readonly (readonly [words: string, step: Step])[] = [
  [
    'create register task definition mf-app: app:3 with image web:pr in app',
    {
      kind: 'register-task-definition',
      spec: { family: 'mf-app', baseArn: BASE, container: 'app', image: 'web:pr' },
      why,
    },
  ],
  [
    'create run task app:3 in cluster main (attempt 2, 512 CPU units, 1024 MiB, variables BRANCH TOKEN)',
    { kind: 'run-task', attempt, why },
  ],
  ['change adopt task 0123 (attempt 2)', { kind: 'adopt-task', taskArn: TASK, attempt, why }],
  ['delete stop task 0123 in cluster main', { kind: 'stop-task', cluster: 'main', taskArn: TASK, why }],
  [
    'create create target group mf-test-1 (port 3001, asked for /up every 5 s)',
    {
      kind: 'create-target-group',
      spec: {
        name: 'mf-test-1',
        vpcId: 'vpc-1',
        port: 3001,
        healthPath: '/up',
        healthIntervalSeconds: 5,
        deregistrationDelaySeconds: 30,
        tags: {},
      },
      why,
    },
  ],
  [
    'change set health check of target group mf-test-1: asked for /up every 5 s',
    {
      kind: 'modify-target-group',
      targetGroupArn: GROUP,
      healthCheck: healthCheckOf({ healthPath: '/up', healthIntervalSeconds: 5 }),
      why,
    },
  ],
  [
    'change set the deregistration delay of target group mf-test-1: 30 s',
    { kind: 'complete-target-group', targetGroupArn: GROUP, deregistrationDelaySeconds: 30, why },
  ],
  ['delete delete target group mf-test-1', { kind: 'delete-target-group', targetGroupArn: GROUP, why }],
  [
    'create create rule tt-one.example.com to mf-test-1 (priority 1017, environment 1, front door 0)',
    {
      kind: 'create-rule',
      spec: {
        listenerArn: `${ELB}:listener/app/dev/50dc/f2f7`,
        priority: 1_017,
        host: 'tt-one.example.com',
        targetGroupName: 'mf-test-1',
        weights,
        tags: {},
      },
      why,
    },
  ],
  [
    'change set weights of rule tt-one.example.com (priority 1017): environment 1, front door 0',
    { kind: 'set-weights', ruleArn: RULE, weights, why },
  ],
  ['delete delete rule tt-one.example.com (priority 1017)', { kind: 'delete-rule', ruleArn: RULE, why }],
  ['delete delete rule 77', { kind: 'delete-rule', ruleArn: `${ELB}:listener-rule/app/dev/50dc/f2f7/77`, why }],
  ['create register target 10.1.0.7:3001 in target group mf-test-1', { kind: 'register-target', ...target }],
  ['delete deregister target 10.1.0.7:3001 from target group mf-test-1', { kind: 'deregister-target', ...target }],
  [
    'change tell task 0123 to serve one at aaaaaaa',
    { kind: 'sync', taskArn: TASK, ip: '10.1.0.7', branch: 'one', commit: 'a'.repeat(40), why },
  ],
];

describe('a step', () => {
  it.each(STEPS)('%s', (words, step) => {
    const told = tellStep(step, rules);
    expect(`${told.change} ${told.what}`).toBe(words);
    expect(told).toMatchObject({ kind: step.kind, why });
    expect(JSON.stringify(told)).not.toContain('hidden');
  });

  it('holds nothing that moves the cursor', () => {
    const branch = 'one\u001b[2J\nmain';
    const step: Step = { kind: 'sync', taskArn: TASK, ip: '10.1.0.7', branch, commit: 'a'.repeat(40), why };
    expect(tellStep(step, rules).what).toBe('tell task 0123 to serve one [2J main at aaaaaaa');
  });
});

const where = { region: 'eu-west-1', awsEndpoint: 'http://user:word@127.0.0.1:4566' };
const ofAws = (kind: AwsErrorKind): AwsError => new AwsError(kind, 'Code', 'ecs:ListTasks', 'ecs:ListTasks: Code: no');
const caused = (name: string): { cause: Error } => ({ cause: Object.assign(new Error('no'), { name }) });

describe('a failure says what to do next', () => {
  it.each<[name: string, thrown: unknown, code: number, text: string]>([
    [
      'unavailable',
      ofAws('unavailable'),
      1,
      'Can AWS be reached from here at http://127.0.0.1:4566 (AWS_ENDPOINT_URL)',
    ],
    ['denied', ofAws('denied'), 1, 'set AWS_PROFILE'],
    ['throttled', ofAws('throttled'), 1, 'try again in a minute'],
    ['not found', ofAws('not-found'), 1, 'Does what mayfly.yaml names exist in region eu-west-1'],
    ['store', new StoreError('unavailable', 'no answer'), 1, 'region eu-west-1? Check the network'],
    ['table', new StoreError('misconfigured', 'none', caused('ResourceNotFoundException')), 78, 'See store.table'],
    ['key', new StoreError('misconfigured', 'other', caused('ValidationException')), 78, 'See store.table'],
    ['token', new StoreError('misconfigured', 'old', caused('ExpiredTokenException')), 1, 'set AWS_PROFILE'],
    ['nobody', new StoreError('misconfigured', 'none', caused('CredentialsProviderError')), 1, 'set AWS_PROFILE'],
    [
      'no right',
      new StoreError('misconfigured', 'no', caused('AccessDeniedException')),
      1,
      'They need the permissions',
    ],
    ['usage', new UsageError('no such thing'), 1, 'no such thing'],
    ['bug', new TypeError('x is undefined'), 1, 'x is undefined\nThis is a fault of Mayfly'],
  ])('%s', (_name, thrown, code, text) => {
    const told = explain(thrown, where);
    expect(told).toMatchObject({ code, text: expect.stringContaining(text) });
    expect(told.text).not.toContain('word');
  });
});
