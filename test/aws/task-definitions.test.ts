import { describe, expect, it } from 'vitest';
import { type CannedCall, cannedAws, json, jsonError } from './canned.ts';
import { thrownBy } from './thrown.ts';

const BASE = 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7';

const DESCRIBED = {
  taskDefinitionArn: BASE,
  family: 'web',
  revision: 7,
  status: 'ACTIVE',
  registeredAt: 1_700_000_000,
  registeredBy: 'arn:aws:iam::123456789012:user/somebody',
  compatibilities: ['EC2', 'FARGATE'],
  requiresAttributes: [{ name: 'com.amazonaws.ecs.capability.ecr-auth' }],
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '256',
  memory: '512',
  taskRoleArn: 'arn:aws:iam::123456789012:role/web',
  executionRoleArn: 'arn:aws:iam::123456789012:role/exec',
  volumes: [{ name: 'tmp' }],
  placementConstraints: [],
  runtimePlatform: { cpuArchitecture: 'ARM64' },
  ephemeralStorage: { sizeInGiB: 30 },
  containerDefinitions: [
    {
      name: 'web',
      image: 'registry.test/web:latest',
      essential: true,
      secrets: [{ name: 'KEY', valueFrom: 'arn:secret' }],
      logConfiguration: {
        logDriver: 'awslogs',
        options: { 'awslogs-group': '/web', 'awslogs-stream-prefix': 'web', 'awslogs-region': 'eu-west-1' },
      },
    },
    { name: 'side', image: 'registry.test/side:1', logConfiguration: { logDriver: 'splunk' } },
  ],
};
const TAGS = [
  { key: 'team', value: 'one' },
  { key: 'aws:cloudformation:stack-name', value: 'infra' },
];

const answers = ({ operation, input }: CannedCall) => {
  if (operation === 'RegisterTaskDefinition') return json({ taskDefinition: { taskDefinitionArn: `${BASE}0` } });
  const { taskDefinition } = input as { taskDefinition: string };
  return taskDefinition === BASE || taskDefinition === 'web'
    ? json({ taskDefinition: DESCRIBED, tags: TAGS })
    : jsonError('ClientException', 'Unable to describe task definition.');
};

describe('describeTaskDefinition', () => {
  it('shows containers, images, and where logs go when CloudWatch has them', async () => {
    const { aws } = cannedAws(answers);
    expect(await aws.ecs.describeTaskDefinition('web')).toEqual({
      arn: BASE,
      active: true,
      containers: [
        { name: 'web', image: 'registry.test/web:latest', log: { group: '/web', streamPrefix: 'web' } },
        { name: 'side', image: 'registry.test/side:1' },
      ],
    });
  });

  it('shows an explicit revision that is no longer ACTIVE as such', async () => {
    const { aws } = cannedAws(() => json({ taskDefinition: { ...DESCRIBED, status: 'INACTIVE' } }));
    expect(await aws.ecs.describeTaskDefinition(BASE)).toMatchObject({ arn: BASE, active: false });
  });

  it('knows nothing of what does not exist', async () => {
    const { aws } = cannedAws(() => jsonError('ClientException', 'Unable to describe task definition.'));
    expect(await aws.ecs.describeTaskDefinition('web')).toBeUndefined();
  });

  it('refuses an answer without an ARN', async () => {
    const { aws } = cannedAws(() => json({ taskDefinition: {} }));
    expect(await thrownBy(aws.ecs.describeTaskDefinition('web'))).toMatchObject({ code: 'MalformedAnswer' });
  });
});

describe('registerWithImage', () => {
  it('copies what makes the task what it is, changes the one image, and keeps the tags that are not AWS’s', async () => {
    const { aws, calls } = cannedAws(answers);
    expect(await aws.ecs.registerWithImage(BASE, 'mayfly-test-1', 'web', 'registry.test/web:v2')).toBe(`${BASE}0`);
    const { taskDefinitionArn, revision, status, registeredAt, registeredBy, ...rest } = DESCRIBED;
    const { compatibilities, requiresAttributes, ...copied } = rest;
    const [web, side] = DESCRIBED.containerDefinitions;
    expect(calls.at(-1)).toMatchObject({ operation: 'RegisterTaskDefinition' });
    expect(calls.at(-1)?.input).toEqual({
      ...copied,
      family: 'mayfly-test-1',
      containerDefinitions: [{ ...web, image: 'registry.test/web:v2' }, side],
      tags: [{ key: 'team', value: 'one' }],
    });
  });

  it('registers once for callers that ask for the same at once, and again later', async () => {
    const { aws, calls } = cannedAws(answers);
    const ask = (image: string) => aws.ecs.registerWithImage(BASE, 'family', 'web', image);
    const registered = () => calls.filter(({ operation }) => operation === 'RegisterTaskDefinition').length;
    await Promise.all([ask('a:1'), ask('a:1'), ask('a:1'), ask('a:2')]);
    expect(registered()).toBe(2);
    await ask('a:1');
    expect(registered()).toBe(3);
  });

  it.each([
    ['the image', {}, 0],
    ['the image, but is not ACTIVE', { status: 'INACTIVE' }, 1],
    ['the image in another container only', { containerDefinitions: [{ name: 'side', image: 'a:1' }] }, 1],
    ['another image', { containerDefinitions: [{ name: 'web', image: 'a:2' }] }, 1],
  ])('of a family whose newest revision has %s', async (_what, more, registrations) => {
    const found = `arn:aws:ecs:eu-west-1:123456789012:task-definition/family:3`;
    const containerDefinitions = [{ name: 'web', image: 'a:1' }];
    const newest = { taskDefinitionArn: found, status: 'ACTIVE', containerDefinitions, ...more };
    const { aws, calls } = cannedAws((call) => {
      const { taskDefinition } = call.input as { taskDefinition?: string };
      return taskDefinition === 'family' ? json({ taskDefinition: newest }) : answers(call);
    });
    expect(await aws.ecs.registerWithImage(BASE, 'family', 'web', 'a:1')).toBe(
      registrations === 0 ? found : `${BASE}0`,
    );
    expect(calls.filter(({ operation }) => operation === 'RegisterTaskDefinition')).toHaveLength(registrations);
  });

  it('after a failure begins afresh', async () => {
    let fail = true;
    const { aws } = cannedAws((call) => (fail ? jsonError('ServerException', 'no') : answers(call)));
    expect(await thrownBy(aws.ecs.registerWithImage(BASE, 'f', 'web', 'a:1'))).toMatchObject({ kind: 'unavailable' });
    fail = false;
    expect(await aws.ecs.registerWithImage(BASE, 'f', 'web', 'a:1')).toBe(`${BASE}0`);
  });

  it('names the containers that it found when the right one is not among them', async () => {
    const { aws, calls } = cannedAws(answers);
    const error = await thrownBy(aws.ecs.registerWithImage(BASE, 'f', 'app', 'a:1'));
    expect(error.kind).toBe('not-found');
    expect(error.message).toContain('found: web, side');
    expect(calls.map(({ operation }) => operation)).not.toContain('RegisterTaskDefinition');
  });

  it('says that the base is gone', async () => {
    const { aws } = cannedAws(() => jsonError('ClientException', 'Unable to describe task definition.'));
    expect(await thrownBy(aws.ecs.registerWithImage(BASE, 'f', 'web', 'a:1'))).toMatchObject({ kind: 'not-found' });
  });

  it('calls the race in a family a throttle', async () => {
    const { aws } = cannedAws((call) =>
      call.operation === 'RegisterTaskDefinition'
        ? jsonError('ClientException', 'Too many concurrent attempts to create a new revision of the specified family.')
        : answers(call),
    );
    expect(await thrownBy(aws.ecs.registerWithImage(BASE, 'f', 'web', 'a:1'))).toMatchObject({ kind: 'throttled' });
  });
});
