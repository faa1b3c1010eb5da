import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunTaskRequest } from '../../src/model/step.ts';
import { taskHash } from '../../src/model/task-hash.ts';
import { type CannedCall, cannedAws, json, jsonError } from './canned.ts';
import { thrownBy } from './thrown.ts';

const TASK = 'arn:aws:ecs:eu-west-1:123456789012:task/main/1';
const DEFINITION = 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7';

const REQUEST: RunTaskRequest = {
  cluster: 'main',
  taskDefinition: DEFINITION,
  launchType: 'FARGATE',
  startedBy: 'mayfly/test',
  group: 'tt-one',
  subnets: ['subnet-b', 'subnet-a'],
  securityGroups: ['sg-1'],
  assignPublicIp: false,
  container: 'web',
  cpu: '512',
  memory: '1024',
  env: { ZED: '1', ALPHA: '2' },
  tags: { 'mayfly:session': 'tt-one', 'mayfly:installation': 'test' },
};

/** A running task as DescribeTasks shows it. */
const RUNNING = {
  taskArn: TASK,
  group: 'tt-one',
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  taskDefinitionArn: DEFINITION,
  createdAt: 1_700_000_000.5,
  cpu: '512',
  memory: '1024',
  overrides: {
    cpu: '512',
    memory: '1024',
    containerOverrides: [
      { name: 'log-router' },
      {
        name: 'web',
        environment: [
          { name: 'ALPHA', value: '2' },
          { name: 'ZED', value: '1' },
        ],
      },
    ],
  },
  containers: [{ name: 'log-router' }, { name: 'web', networkInterfaces: [{ privateIpv4Address: '10.0.0.9' }] }],
  attachments: [
    {
      type: 'ElasticNetworkInterface',
      status: 'ATTACHED',
      details: [
        { name: 'subnetId', value: 'subnet-a' },
        { name: 'privateIPv4Address', value: '10.0.0.7' },
      ],
    },
  ],
};

async function describeOne(task: object) {
  const { aws } = cannedAws(() => json({ tasks: [task] }));
  const { tasks } = await aws.ecs.describeTasks('main', [TASK]);
  return tasks[0];
}

describe('a task as observed', () => {
  it('carries session, states, address, and the spec that it was started with', async () => {
    const task = await describeOne(RUNNING);
    expect(task).toEqual({
      arn: TASK,
      session: 'tt-one',
      lastStatus: 'RUNNING',
      desiredStatus: 'RUNNING',
      spec: { taskDefinitionArn: DEFINITION, cpu: '512', memory: '1024', env: REQUEST.env },
      createdAt: 1_700_000_000_500,
      ip: '10.0.0.7',
    });
    const { taskDefinition: taskDefinitionArn, cpu, memory, env } = REQUEST;
    expect(task && taskHash(task.spec)).toBe(taskHash({ taskDefinitionArn, cpu, memory, env }));
  });

  it('without overrides of cpu and memory has none in its spec, though the task has both', async () => {
    const { cpu: _cpu, memory: _memory, ...overrides } = RUNNING.overrides;
    const task = await describeOne({ ...RUNNING, overrides });
    expect(task?.spec).toEqual({ taskDefinitionArn: DEFINITION, env: REQUEST.env });
  });

  it('has the address of its container where the attachment names none, and none before either', async () => {
    expect((await describeOne({ ...RUNNING, attachments: [] }))?.ip).toBe('10.0.0.9');
    expect((await describeOne({ ...RUNNING, attachments: [], containers: [] }))?.ip).toBeUndefined();
  });

  it.each(['DELETED', 'FAILED'])(
    'has no address once its interface is %s: it may be somebody else’s',
    async (status) => {
      const attachments = RUNNING.attachments.map((attachment) => ({ ...attachment, status }));
      expect((await describeOne({ ...RUNNING, attachments }))?.ip).toBeUndefined();
    },
  );

  it('that has stopped says why, of the container that Mayfly sets', async () => {
    const task = await describeOne({
      ...RUNNING,
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      containers: [
        { name: 'log-router', exitCode: 0 },
        { name: 'web', exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' },
      ],
    });
    expect(task).toMatchObject({
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      exitCode: 137,
      containerReason: 'OutOfMemoryError: Container killed due to memory usage',
    });
    expect(task?.ip).toBeUndefined();
  });

  it('says why without what is secret, since the reason is shown to everybody', async () => {
    const task = await describeOne({
      ...RUNNING,
      lastStatus: 'STOPPED',
      stoppedReason: 'CannotPullContainerError: https://me:hunter2@registry.test/web',
      containers: [{ name: 'web', reason: 'exec DB_PASSWORD=hunter2 failed' }],
    });
    expect(task).toMatchObject({
      stoppedReason: 'CannotPullContainerError: https://[redacted]@registry.test/web',
      containerReason: 'exec DB_PASSWORD=[redacted] failed',
    });
  });

  it('in a status that nobody knows yet is in transition', async () => {
    expect((await describeOne({ ...RUNNING, lastStatus: 'WARMING' }))?.lastStatus).toBe('PENDING');
    const leaving = { ...RUNNING, lastStatus: 'COOLING', desiredStatus: 'STOPPED' };
    expect((await describeOne(leaving))?.lastStatus).toBe('STOPPING');
  });

  it.each(['taskArn', 'lastStatus', 'taskDefinitionArn'])('without %s is a malformed answer', async (field) => {
    const error = await thrownBy(describeOne({ ...RUNNING, [field]: undefined }));
    expect(error).toMatchObject({ kind: 'unavailable', code: 'MalformedAnswer' });
    expect(error.message).toContain(field);
  });
});

describe('describeTasks', () => {
  it('asks 100 at a time, each ARN once, and nothing for nothing', async () => {
    const { aws, calls } = cannedAws(({ input }) => {
      const arns = input['tasks'] as string[];
      return json({ tasks: arns.map((taskArn) => ({ ...RUNNING, taskArn })) });
    });
    const arns = Array.from({ length: 250 }, (_, index) => `${TASK}${index}`);
    const { tasks } = await aws.ecs.describeTasks('main', [...arns, ...arns]);
    expect(tasks.map(({ arn }) => arn)).toEqual(arns);
    expect(calls.map(({ input }) => (input['tasks'] as string[]).length)).toEqual([100, 100, 50]);
    expect(await aws.ecs.describeTasks('main', [])).toEqual({ tasks: [], missing: [] });
    expect(calls).toHaveLength(3);
  });

  it('names what ECS does not know', async () => {
    const { aws } = cannedAws(() => json({ tasks: [], failures: [{ arn: TASK, reason: 'MISSING' }] }));
    expect(await aws.ecs.describeTasks('main', [TASK])).toEqual({ tasks: [], missing: [TASK] });
  });

  it('takes no other failure for an absence', async () => {
    const { aws } = cannedAws(() => json({ tasks: [], failures: [{ arn: TASK, reason: 'INTERNAL' }] }));
    expect(await thrownBy(aws.ecs.describeTasks('main', [TASK]))).toMatchObject({
      kind: 'unavailable',
      code: 'INTERNAL',
    });
  });
});

describe('listTasks', () => {
  const pages = ({ input }: CannedCall) =>
    json(input['nextToken'] === undefined ? { taskArns: ['a'], nextToken: 'two' } : { taskArns: ['b'] });

  it('reads every page, with startedBy as the only filter', async () => {
    const { aws, calls } = cannedAws(pages);
    expect(await aws.ecs.listTasks('main', 'mayfly/test')).toEqual(['a', 'b']);
    expect(calls.map(({ input }) => input)).toEqual([
      { cluster: 'main', startedBy: 'mayfly/test', maxResults: 100 },
      { cluster: 'main', startedBy: 'mayfly/test', maxResults: 100, nextToken: 'two' },
    ]);
  });

  it('is whole or fails', async () => {
    const { aws } = cannedAws((call) => {
      if (call.input['nextToken'] !== undefined) return jsonError('ServerException', 'no');
      return pages(call);
    });
    expect(await thrownBy(aws.ecs.listTasks('main', 'mayfly/test'))).toMatchObject({ kind: 'unavailable' });
  });
});

describe('runTask', () => {
  const ran = () => json({ tasks: [RUNNING], failures: [] });

  it('sends the request with its token, sorted, and nothing that drifts', async () => {
    const { aws, calls } = cannedAws(ran);
    expect(await aws.ecs.runTask(REQUEST, 'mf-token')).toMatchObject({ ok: true, task: { arn: TASK } });
    expect(calls[0]?.input).toEqual({
      clientToken: 'mf-token',
      cluster: 'main',
      count: 1,
      enableECSManagedTags: false,
      group: 'tt-one',
      launchType: 'FARGATE',
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: ['subnet-b', 'subnet-a'],
          securityGroups: ['sg-1'],
          assignPublicIp: 'DISABLED',
        },
      },
      overrides: {
        cpu: '512',
        memory: '1024',
        containerOverrides: [
          {
            name: 'web',
            environment: [
              { name: 'ALPHA', value: '2' },
              { name: 'ZED', value: '1' },
            ],
          },
        ],
      },
      startedBy: 'mayfly/test',
      tags: [
        { key: 'mayfly:installation', value: 'test' },
        { key: 'mayfly:session', value: 'tt-one' },
      ],
      taskDefinition: DEFINITION,
    });
  });

  it('sends equal bytes for equal requests, however their members are ordered', async () => {
    const record = fc.dictionary(fc.stringMatching(/^[A-Z]{1,4}$/), fc.string());
    const { aws, calls } = cannedAws(ran);
    await fc.assert(
      fc.asyncProperty(record, record, fc.boolean(), async (env, tags, sized) => {
        const size = sized ? {} : { cpu: undefined, memory: undefined };
        const request = { ...REQUEST, ...size, env, tags };
        await aws.ecs.runTask(request, 't');
        await aws.ecs.runTask(shuffledMembers(request), 't');
        expect(calls.at(-1)?.body).toBe(calls.at(-2)?.body);
      }),
      { numRuns: 20 },
    );
  });

  it('tells failures[] apart from a task', async () => {
    const failure = { arn: TASK, reason: 'RESOURCE:ENI', detail: 'none left' };
    const { aws } = cannedAws(() => json({ tasks: [], failures: [failure] }));
    expect(await aws.ecs.runTask(REQUEST, 't')).toEqual({ ok: false, reason: 'RESOURCE:ENI', detail: 'none left' });
  });

  it('takes the task when there is one, whatever failures[] says', async () => {
    const { aws } = cannedAws(() => json({ tasks: [RUNNING], failures: [{ reason: 'RESOURCE:ENI' }] }));
    expect(await aws.ecs.runTask(REQUEST, 't')).toMatchObject({ ok: true });
  });

  it('understands the short answer for a token whose task has stopped', async () => {
    const short = { taskArn: TASK, lastStatus: 'STOPPED', desiredStatus: 'STOPPED' };
    const { aws } = cannedAws(() => json({ tasks: [short] }));
    expect(await aws.ecs.runTask(REQUEST, 't')).toMatchObject({
      ok: true,
      task: {
        arn: TASK,
        session: 'tt-one',
        lastStatus: 'STOPPED',
        spec: { taskDefinitionArn: DEFINITION, env: REQUEST.env },
      },
    });
  });

  it('takes neither task nor failure for a malformed answer', async () => {
    const { aws } = cannedAws(() => json({}));
    expect(await thrownBy(aws.ecs.runTask(REQUEST, 't'))).toMatchObject({ code: 'MalformedAnswer' });
  });
});

function shuffledMembers(request: RunTaskRequest): RunTaskRequest {
  const { env: _env, tags: _tags, ...rest } = request;
  const members = Object.entries(rest).toReversed();
  return { ...Object.fromEntries(members), env: reversed(request.env), tags: reversed(request.tags) } as RunTaskRequest;
}

function reversed(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).toReversed());
}

describe('stopTask', () => {
  it('gives the reason, and succeeds for a task that ECS no longer knows', async () => {
    const { aws, calls } = cannedAws(() =>
      jsonError('InvalidParameterException', 'The referenced task was not found.'),
    );
    await aws.ecs.stopTask('main', TASK, 'not wanted');
    expect(calls[0]?.input).toEqual({ cluster: 'main', task: TASK, reason: 'not wanted' });
  });

  it('does not take a missing cluster for success', async () => {
    const { aws } = cannedAws(() => jsonError('ClusterNotFoundException', 'Cluster not found.'));
    expect(await thrownBy(aws.ecs.stopTask('main', TASK, 'no'))).toMatchObject({ kind: 'not-found' });
  });
});

describe('clusterExists', () => {
  it.each([
    [true, [{ status: 'ACTIVE' }]],
    [false, [{ status: 'INACTIVE' }]],
    [false, []],
  ])('%s for %j', async (expected, clusters) => {
    const { aws } = cannedAws(() => json({ clusters, failures: [] }));
    expect(await aws.ecs.clusterExists('main')).toBe(expected);
  });
});
