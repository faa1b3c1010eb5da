/** A part of the facts, asked by the AWS CLI: a client that is not ours, and that checks answers in its own way. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsCli, CliError, findAwsCli, makeAwsCli } from '../conformance/aws-cli.ts';
import { FACTS } from '../conformance/cases.ts';
import { type LocalServer, REGION, startLocalServer } from '../conformance/local-server.ts';

const program = await findAwsCli();
if (program === undefined) console.log('the AWS CLI is not installed (apt-get install awscli): its cases are left out');

const known = new Set(FACTS.map(({ id }) => id));
const cited: string[] = [];

type Skip = (note: string) => void;

/** As `it`, and in no order: what a case makes has names of its own. */
function shows(facts: readonly string[], name: string, run: (skip: Skip) => Promise<void>): void {
  cited.push(...facts);
  it.concurrent(`${facts.join(', ')}: ${name}`, async ({ skip }) => run(skip));
}

async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof CliError ? error.code : `not refused, but ${String(error)}`;
}

it('cites facts that there are', () => {
  expect(cited.filter((id) => !known.has(id))).toEqual([]);
});

describe.skipIf(program === undefined)('the AWS CLI', () => {
  let server: LocalServer;
  let aws: AwsCli;

  beforeAll(async () => {
    server = await startLocalServer();
    aws = makeAwsCli(program ?? '', server.aws.endpoint, REGION);
    await aws('ecs', 'create-cluster', '--cluster-name', 'main');
  });
  afterAll(() => server.close());

  const registerFamily = async (family: string): Promise<string> => {
    const containers = [{ name: 'app', image: server.surroundings.image, command: ['sleep', '600'], stopTimeout: 2 }];
    const sizes = ['--cpu', '256', '--memory', '512', '--network-mode', 'awsvpc'];
    const kind = ['--requires-compatibilities', 'FARGATE', ...sizes];
    const words = ['--family', family, ...kind, '--container-definitions', containers];
    const answer = await aws('ecs', 'register-task-definition', ...words);
    return (answer['taskDefinition'] as { taskDefinitionArn: string }).taskDefinitionArn;
  };
  const runTask = async (...words: (string | object)[]): Promise<readonly string[]> => {
    const network = { awsvpcConfiguration: { subnets: ['subnet-local'] } };
    const where = ['--cluster', 'main', '--launch-type', 'FARGATE', '--network-configuration', network];
    const { tasks } = await aws('ecs', 'run-task', ...where, ...words);
    return (tasks as { taskArn: string }[]).map(({ taskArn }) => taskArn);
  };
  const makeGroup = async (name: string, port = '3001'): Promise<string> => {
    const where = ['--protocol', 'HTTP', '--vpc-id', 'vpc-local', '--target-type', 'ip'];
    const answer = await aws('elbv2', 'create-target-group', '--name', name, '--port', port, ...where);
    return (answer['TargetGroups'] as { TargetGroupArn: string }[])[0]?.TargetGroupArn ?? '';
  };
  const makeListener = async (): Promise<string> => {
    const balancer = await aws('elbv2', 'create-load-balancer', '--name', 'cli', '--subnets', 'subnet-local');
    const { LoadBalancerArn = '' } = (balancer['LoadBalancers'] as { LoadBalancerArn: string }[])[0] ?? {};
    const actions = [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }];
    const words = ['--load-balancer-arn', LoadBalancerArn, '--protocol', 'HTTP', '--port', '8000'];
    const answer = await aws('elbv2', 'create-listener', ...words, '--default-actions', actions);
    return (answer['Listeners'] as { ListenerArn: string }[])[0]?.ListenerArn ?? '';
  };

  shows(
    ['ecs.definition.revision', 'ecs.client-token.same-params', 'ecs.client-token.other-params'],
    'a token gives its task again, and a conflict to another request',
    async (skip) => {
      const definition = await registerFamily('cli-token');
      expect(definition).toMatch(/:task-definition\/cli-token:1$/);
      const words = ['--task-definition', definition, '--client-token', 'Token-1'];
      const first = await runTask(...words).catch((error: CliError) => error);
      if (first instanceof CliError) {
        expect(first.message).toContain('Unknown options: --client-token');
        skip('this AWS CLI is older than client tokens');
      }
      expect(await runTask(...words)).toEqual(first);
      expect(await refusal(runTask(...words, '--started-by', 'another'))).toBe('ConflictException');
    },
  );

  shows(
    ['ecs.list-tasks.paging', 'ecs.list-tasks.started-by', 'ecs.stop-task.idempotent', 'ecs.stop-task.deletes-tags'],
    'five tasks are listed page by page, and one is stopped twice',
    async () => {
      const words = ['--task-definition', await registerFamily('cli-list'), '--started-by', 'cli/list'];
      const tasks = await runTask(...words, '--count', '5', '--tags', 'key=session,value=one');
      const listed = await aws(
        'ecs',
        'list-tasks',
        '--cluster',
        'main',
        '--started-by',
        'cli/list',
        '--page-size',
        '2',
      );
      expect((listed['taskArns'] as string[]).sort()).toEqual([...tasks].sort());
      const stop = () => aws('ecs', 'stop-task', '--cluster', 'main', '--task', tasks[0] ?? '', '--reason', 'enough');
      await stop();
      await stop();
      const which = ['--cluster', 'main', '--tasks', ...tasks.slice(0, 2), '--include', 'TAGS'];
      const described = (await aws('ecs', 'describe-tasks', ...which))['tasks'] as { tags: unknown[] }[];
      expect(described.map(({ tags }) => tags.length)).toEqual([0, 1]);
    },
  );

  shows(
    ['ecs.describe-tasks.missing', 'ecs.list-tasks.started-by-only', 'ecs.run-task.cluster-not-found'],
    'what ECS does not know, and what it does not take',
    async () => {
      const described = await aws('ecs', 'describe-tasks', '--cluster', 'main', '--tasks', '0'.repeat(32));
      expect(described).toMatchObject({ tasks: [], failures: [{ reason: 'MISSING' }] });
      const filters = ['--started-by', 'me', '--desired-status', 'STOPPED'];
      expect(await refusal(aws('ecs', 'list-tasks', '--cluster', 'main', ...filters))).toBe(
        'InvalidParameterException',
      );
      expect(await refusal(aws('ecs', 'list-tasks', '--cluster', 'none'))).toBe('ClusterNotFoundException');
    },
  );

  shows(
    ['elbv2.group.idempotent', 'elbv2.group.duplicate', 'elbv2.health.unused', 'elbv2.group.delete-absent'],
    'a target group is made twice and deleted twice',
    async () => {
      const group = await makeGroup('cli-group');
      expect(await makeGroup('cli-group')).toBe(group);
      expect(await refusal(makeGroup('cli-group', '3002'))).toBe('DuplicateTargetGroupName');
      const which = ['--target-group-arn', group];
      await aws('elbv2', 'register-targets', ...which, '--targets', 'Id=10.255.255.1,Port=3001');
      expect(await aws('elbv2', 'describe-target-health', ...which)).toMatchObject({
        TargetHealthDescriptions: [{ TargetHealth: { State: 'unused', Reason: 'Target.NotInUse' } }],
      });
      await aws('elbv2', 'delete-target-group', ...which);
      await aws('elbv2', 'delete-target-group', ...which);
    },
  );

  shows(
    ['elbv2.rule.not-idempotent', 'elbv2.rule.default-listed', 'elbv2.group.delete-in-use', 'elbv2.rule.delete-absent'],
    'a rule is made once, listed beside the default rule, and deleted once',
    async () => {
      const [listener, group] = [await makeListener(), await makeGroup('cli-rule')];
      const conditions = [{ Field: 'host-header', HostHeaderConfig: { Values: ['a.example.test'] } }];
      const actions = [{ Type: 'forward', TargetGroupArn: group }];
      const what = ['--conditions', conditions, '--actions', actions];
      const create = () => aws('elbv2', 'create-rule', '--listener-arn', listener, '--priority', '7', ...what);
      const rule = ((await create())['Rules'] as { RuleArn: string }[])[0]?.RuleArn ?? '';
      expect(await refusal(create())).toBe('PriorityInUse');
      const listed = await aws('elbv2', 'describe-rules', '--listener-arn', listener);
      expect((listed['Rules'] as { Priority: string }[]).map(({ Priority }) => Priority)).toEqual(['7', 'default']);
      expect(await refusal(aws('elbv2', 'delete-target-group', '--target-group-arn', group))).toBe('ResourceInUse');
      await aws('elbv2', 'delete-rule', '--rule-arn', rule);
      expect(await refusal(aws('elbv2', 'delete-rule', '--rule-arn', rule))).toBe('RuleNotFound');
    },
  );

  shows(
    ['dynamodb.put.if-absent', 'dynamodb.update.guarded', 'dynamodb.get.consistent'],
    'an item is made once, and an update makes none',
    async () => {
      const attribute = 'AttributeName=session_id';
      const key = [
        '--attribute-definitions',
        `${attribute},AttributeType=S`,
        '--key-schema',
        `${attribute},KeyType=HASH`,
      ];
      await aws('dynamodb', 'create-table', '--table-name', 'cli', '--billing-mode', 'PAY_PER_REQUEST', ...key);
      const id = { session_id: { S: 'one' } };
      const once = ['--condition-expression', 'attribute_not_exists(session_id)'];
      const put = () => aws('dynamodb', 'put-item', '--table-name', 'cli', '--item', id, ...once);
      await put();
      expect(await refusal(put())).toBe('ConditionalCheckFailedException');
      const there = ['--condition-expression', 'attribute_exists(session_id)', '--update-expression', 'REMOVE a'];
      const update = aws(
        'dynamodb',
        'update-item',
        '--table-name',
        'cli',
        '--key',
        { session_id: { S: 'two' } },
        ...there,
      );
      expect(await refusal(update)).toBe('ConditionalCheckFailedException');
      expect(await aws('dynamodb', 'get-item', '--table-name', 'cli', '--key', id, '--consistent-read')).toEqual({
        Item: id,
      });
    },
  );

  shows(
    ['logs.get-log-events.group-not-found', 'ecr.describe-images.not-found', 'ecr.describe-images.tag'],
    'logs and images that are not there are not found',
    async () => {
      const stream = ['--log-group-name', '/none', '--log-stream-name', 'none'];
      expect(await refusal(aws('logs', 'get-log-events', ...stream))).toBe('ResourceNotFoundException');
      const image = (tag: string) =>
        aws('ecr', 'describe-images', '--repository-name', 'app', '--image-ids', `imageTag=${tag}`);
      expect(await refusal(image('none'))).toBe('ImageNotFoundException');
      expect(await image('latest')).toMatchObject({ imageDetails: [{ imageTags: ['latest'] }] });
    },
  );
});
