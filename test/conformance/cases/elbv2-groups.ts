/** Target groups: names, settings, attributes, tags, pages. */
import {
  AddTagsCommand,
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  type DescribeTargetGroupsCommandInput,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import assert from 'node:assert/strict';
import type { Arena, Case } from '../arena.ts';
import { groupInput, makeGroup, makeRule, setDelay } from '../routes.ts';
import { inTurn, present, refused } from '../steps.ts';

const describeGroups = (arena: Arena, input: DescribeTargetGroupsCommandInput) =>
  arena.elbv2.send(new DescribeTargetGroupsCommand(input));

async function read(arena: Arena, arn: string): Promise<TargetGroup> {
  const { TargetGroups } = await describeGroups(arena, { TargetGroupArns: [arn] });
  return present(TargetGroups?.[0], arn);
}

async function tagsOf(arena: Arena, arn: string): Promise<readonly (readonly [unknown, unknown])[]> {
  const { TagDescriptions } = await arena.elbv2.send(new DescribeTagsCommand({ ResourceArns: [arn] }));
  return (TagDescriptions?.[0]?.Tags ?? []).map(({ Key, Value }) => [Key, Value]);
}

async function delayOf(arena: Arena, TargetGroupArn: string): Promise<string | undefined> {
  const { Attributes } = await arena.elbv2.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
  return Attributes?.find(({ Key }) => Key === 'deregistration_delay.timeout_seconds')?.Value;
}

const refusedGroup = (arena: Arena, change: object, code: string | RegExp = 'ValidationError') =>
  refused(makeGroup(arena, change), code);

const CREATING: readonly Case[] = [
  {
    facts: ['elbv2.wire.query'],
    name: 'the SDK sends a form with action and version, and reads the answer',
    async run(arena) {
      const sent = { body: '', type: '' };
      const command = new DescribeTargetGroupsCommand({ PageSize: 1 });
      command.middlewareStack.add(
        (next) => (args) => {
          const { body, headers } = args.request as { body: string; headers: Record<string, string> };
          Object.assign(sent, { body, type: headers['content-type'] });
          return next(args);
        },
        { step: 'finalizeRequest', priority: 'low' },
      );
      const { TargetGroups } = await arena.elbv2.send(command);
      assert.ok(Array.isArray(TargetGroups));
      assert.match(sent.type, /^application\/x-www-form-urlencoded/);
      const form = new URLSearchParams(sent.body);
      assert.deepEqual([form.get('Action'), form.get('Version')], ['DescribeTargetGroups', '2015-12-01']);
    },
  },
  {
    facts: ['elbv2.group.idempotent'],
    name: 'the same group created twice is one group',
    async run(arena) {
      const input = groupInput(arena);
      assert.equal(await makeGroup(arena, input), await makeGroup(arena, input));
    },
  },
  {
    facts: ['elbv2.group.duplicate'],
    name: 'the same name with another port, path or threshold is a duplicate',
    async run(arena) {
      const input = groupInput(arena);
      await makeGroup(arena, input);
      for (const change of [{ Port: 3002 }, { HealthCheckPath: '/other' }, { HealthyThresholdCount: 4 }])
        await refusedGroup(arena, { ...input, ...change }, 'DuplicateTargetGroupName');
    },
  },
  {
    facts: ['elbv2.group.name-length'],
    name: 'a name of 32 characters is taken, of 33 is not',
    async run(arena) {
      const longest = arena.name('tg').padEnd(32, 'x');
      await makeGroup(arena, { Name: longest });
      await refusedGroup(arena, { Name: `${longest}x` });
    },
  },
  {
    facts: ['elbv2.group.name-characters'],
    name: 'a name with an underscore, or a hyphen at an end, is refused',
    async run(arena) {
      for (const Name of ['a_b', '-ab', 'ab-']) await refusedGroup(arena, { Name });
    },
  },
  {
    facts: ['elbv2.group.name-internal'],
    name: 'a group may be called internal-',
    run: async (arena) => void (await makeGroup(arena, { Name: `internal-${arena.name('i')}`.slice(0, 32) })),
  },
  {
    facts: ['elbv2.group.tags'],
    name: 'tags of a new group are read with it',
    async run(arena) {
      const arn = await makeGroup(arena, { Tags: [{ Key: 'mayfly:session', Value: 'tt-login' }] });
      assert.deepEqual(await tagsOf(arena, arn), [['mayfly:session', 'tt-login']]);
    },
  },
  {
    facts: ['elbv2.group.readable'],
    name: 'a new group is found by ARN and by name',
    async run(arena) {
      const name = arena.name('tg');
      const arn = await makeGroup(arena, { Name: name });
      await arena.eventually(async () => {
        assert.equal((await read(arena, arn)).TargetGroupName, name);
        const byName = await describeGroups(arena, { Names: [name] });
        assert.equal(byName.TargetGroups?.[0]?.TargetGroupArn, arn);
      });
    },
  },
  {
    facts: ['elbv2.group.load-balancer'],
    name: 'a group shows the load balancer whose rule forwards to it',
    async run(arena) {
      const { loadBalancerArn } = await arena.listener();
      const arn = await makeGroup(arena);
      assert.deepEqual((await arena.eventually(() => read(arena, arn))).LoadBalancerArns, []);
      await makeRule(arena, { [arn]: 1 });
      await arena.eventually(async () =>
        assert.deepEqual((await read(arena, arn)).LoadBalancerArns, [loadBalancerArn]),
      );
    },
  },
];

const SETTINGS: readonly Case[] = [
  {
    facts: ['elbv2.health-check.defaults', 'elbv2.health-check.timeout'],
    name: 'a group without settings has those of AWS',
    async run(arena) {
      const input = { Name: arena.name('tg'), Protocol: 'HTTP', Port: 80, VpcId: arena.vpc, TargetType: 'ip' } as const;
      const { TargetGroups } = await arena.elbv2.send(new CreateTargetGroupCommand(input));
      const group = present(TargetGroups?.[0], 'the group');
      arena.cleanup(() => arena.elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: group.TargetGroupArn })));
      assert.deepEqual(
        [group.HealthCheckIntervalSeconds, group.HealthyThresholdCount, group.UnhealthyThresholdCount],
        [30, 5, 2],
      );
      assert.deepEqual(
        [group.HealthCheckPath, group.HealthCheckPort, group.Matcher?.HttpCode],
        ['/', 'traffic-port', '200'],
      );
      assert.ok([5, 6].includes(group.HealthCheckTimeoutSeconds ?? 0));
    },
  },
  {
    facts: ['elbv2.health-check.interval'],
    name: 'an interval of 5 or 300 s is taken, of 4 or 301 s is not',
    async run(arena) {
      for (const HealthCheckIntervalSeconds of [5, 300]) await makeGroup(arena, { HealthCheckIntervalSeconds });
      for (const HealthCheckIntervalSeconds of [4, 301]) await refusedGroup(arena, { HealthCheckIntervalSeconds });
    },
  },
  {
    facts: ['elbv2.health-check.thresholds'],
    name: 'thresholds of 2 and 10 are taken, of 1 and 11 are not',
    async run(arena) {
      await makeGroup(arena, { HealthyThresholdCount: 2, UnhealthyThresholdCount: 10 });
      await refusedGroup(arena, { HealthyThresholdCount: 1 });
      await refusedGroup(arena, { UnhealthyThresholdCount: 11 });
    },
  },
  {
    facts: ['elbv2.delay.default', 'elbv2.delay.range'],
    name: 'the deregistration delay is 300 s until it is set',
    async run(arena) {
      const arn = await makeGroup(arena);
      assert.equal(await delayOf(arena, arn), '300');
      for (const seconds of [0, 3_600]) {
        await setDelay(arena, arn, seconds);
        assert.equal(await delayOf(arena, arn), String(seconds));
      }
      await refused(setDelay(arena, arn, 3_601), /^(ValidationError|InvalidConfigurationRequest)$/);
    },
  },
  {
    facts: ['elbv2.error.duplicate-tags', 'elbv2.error.too-many-tags'],
    name: 'a tag key may be given once, and 50 of them in all',
    async run(arena) {
      const tags = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `k${index}`, Value: 'v' }));
      const arn = await makeGroup(arena, { Tags: tags(50) });
      const add = (...Tags: { Key: string; Value: string }[]) =>
        arena.elbv2.send(new AddTagsCommand({ ResourceArns: [arn], Tags }));
      const same = { Key: 'same', Value: '1' };
      await refused(add(same, same), 'DuplicateTagKeys');
      await refused(add(same), 'TooManyTags');
    },
  },
];

const READING: readonly Case[] = [
  {
    facts: ['elbv2.error.group-not-found'],
    name: 'a group that is gone is not found, by ARN or by name',
    async run(arena) {
      const name = arena.name('tg');
      const arn = await makeGroup(arena, { Name: name });
      await arena.elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }));
      await arena.eventually(() => refused(read(arena, arn), 'TargetGroupNotFound'));
      await arena.eventually(() => refused(describeGroups(arena, { Names: [name] }), 'TargetGroupNotFound'));
      await refused(makeRule(arena, { [arn]: 1 }), 'TargetGroupNotFound');
    },
  },
  {
    facts: ['elbv2.group.delete-absent'],
    name: 'deleting a group twice succeeds twice',
    async run(arena) {
      const TargetGroupArn = await makeGroup(arena);
      await inTurn(2, () => arena.elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn })));
    },
  },
  {
    facts: ['elbv2.group.delete-in-use'],
    name: 'a group that a rule forwards to cannot be deleted, whatever its weight',
    async run(arena) {
      const [one, none] = [await makeGroup(arena), await makeGroup(arena)];
      await makeRule(arena, { [one]: 1, [none]: 0 });
      for (const TargetGroupArn of [one, none])
        await refused(arena.elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn })), 'ResourceInUse');
    },
  },
  {
    facts: ['elbv2.pages.size'],
    name: 'a page of 1 or 400 groups can be asked for, of 0 or 401 cannot',
    async run(arena) {
      for (const PageSize of [1, 400]) await describeGroups(arena, { PageSize });
      for (const PageSize of [0, 401]) await refused(describeGroups(arena, { PageSize }), 'ValidationError');
    },
  },
  {
    facts: ['elbv2.pages.groups'],
    name: 'pages of two lead to each of five groups once',
    async run(arena) {
      const made = await inTurn(5, () => makeGroup(arena));
      const seen: string[] = [];
      let Marker: string | undefined;
      do {
        const page = await describeGroups(arena, { PageSize: 2, Marker });
        seen.push(...(page.TargetGroups ?? []).map(({ TargetGroupArn }) => TargetGroupArn ?? ''));
        Marker = page.NextMarker;
      } while (Marker);
      assert.deepEqual(seen.filter((arn) => made.includes(arn)).sort(), [...made].sort());
    },
  },
  {
    facts: ['elbv2.pages.tags', 'elbv2.pages.tags-absent'],
    name: 'tags of 20 resources are read at once, of 21 not, and of none when one is gone',
    async run(arena) {
      const made = await inTurn(21, () => makeGroup(arena));
      const tags = (ResourceArns: string[]) => arena.elbv2.send(new DescribeTagsCommand({ ResourceArns }));
      assert.equal((await tags(made.slice(0, 20))).TagDescriptions?.length, 20);
      await refused(tags(made), 'ValidationError');
      const [gone = '', ...rest] = made;
      await arena.elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: gone }));
      await refused(tags([gone, ...rest.slice(0, 3)]), 'TargetGroupNotFound');
    },
  },
];

export const ELBV2_GROUP_CASES: readonly Case[] = [...CREATING, ...SETTINGS, ...READING];
