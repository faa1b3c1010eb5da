/** Rules: priorities, hosts, weights, and what may stand in the way of making one. */
import {
  CreateListenerCommand,
  CreateRuleCommand,
  DeleteListenerCommand,
  DeleteRuleCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  ModifyRuleCommand,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import assert from 'node:assert/strict';
import type { Arena, Case } from '../arena.ts';
import { forward, hostIs, hostOf, makeGroup, makeRule, type MadeRule, nextPriority } from '../routes.ts';
import { inTurn, present, refused, sorted } from '../steps.ts';

async function rulesOf(arena: Arena, listenerArn: string, PageSize = 400): Promise<readonly Rule[]> {
  const rules: Rule[] = [];
  let Marker: string | undefined;
  do {
    const page = await arena.elbv2.send(new DescribeRulesCommand({ ListenerArn: listenerArn, PageSize, Marker }));
    assert.ok((page.Rules?.length ?? 0) <= PageSize);
    rules.push(...(page.Rules ?? []));
    Marker = page.NextMarker;
  } while (Marker);
  return rules;
}

async function readRule(arena: Arena, arn: string): Promise<Rule> {
  const { Rules } = await arena.elbv2.send(new DescribeRulesCommand({ RuleArns: [arn] }));
  return present(Rules?.[0], arn);
}

const remove = (arena: Arena, RuleArn: string) => arena.elbv2.send(new DeleteRuleCommand({ RuleArn }));

/** One forward rule of a new group. */
async function oneRule(arena: Arena, change: object = {}): Promise<MadeRule & { readonly group: string }> {
  const group = await makeGroup(arena);
  return { group, ...(await makeRule(arena, { [group]: 1 }, change)) };
}

/** Another listener of the load balancer, on another port. */
async function otherListener(arena: Arena): Promise<string> {
  const { loadBalancerArn } = await arena.listener();
  const { Listeners } = await arena.elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn: loadBalancerArn,
      Protocol: 'HTTP',
      Port: 8_100 + (nextPriority() % 800),
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    }),
  );
  const arn = present(Listeners?.[0]?.ListenerArn, 'ListenerArn');
  arena.cleanup(() => arena.elbv2.send(new DeleteListenerCommand({ ListenerArn: arn })));
  return arn;
}

const weightsOf = (rule: Rule) =>
  Object.fromEntries(
    (rule.Actions?.[0]?.ForwardConfig?.TargetGroups ?? []).map(({ TargetGroupArn, Weight }) => [
      TargetGroupArn,
      Weight,
    ]),
  );

const PRIORITIES: readonly Case[] = [
  {
    facts: ['elbv2.rule.priority-range'],
    name: 'priorities 1 and 50,000 can be used, 0 and 50,001 cannot',
    async run(arena) {
      const group = await makeGroup(arena);
      for (const Priority of [1, 50_000]) await makeRule(arena, { [group]: 1 }, { Priority });
      for (const Priority of [0, 50_001])
        await refused(makeRule(arena, { [group]: 1 }, { Priority }), 'ValidationError');
    },
  },
  {
    facts: ['elbv2.rule.priority-unique', 'elbv2.rule.not-idempotent'],
    name: 'the same rule twice is refused, and the first can be found by its priority, host and tags',
    async run(arena) {
      const Tags = [{ Key: 'mayfly:session', Value: 'tt-login' }];
      const { arn, priority, host, listenerArn, group } = await oneRule(arena, { Tags });
      const again = { ListenerArn: listenerArn, Priority: priority, Conditions: [hostIs(host)], Tags };
      await refused(
        arena.elbv2.send(new CreateRuleCommand({ ...again, Actions: [forward({ [group]: 1 })] })),
        'PriorityInUse',
      );
      const found = (await rulesOf(arena, listenerArn)).find(({ Priority }) => Priority === String(priority));
      assert.equal(found?.RuleArn, arn);
      assert.deepEqual(found.Conditions?.[0]?.HostHeaderConfig?.Values, [host]);
    },
  },
  {
    facts: ['elbv2.rule.priority-listener'],
    name: 'another listener has priorities of its own',
    async run(arena) {
      const { priority, group } = await oneRule(arena);
      const ListenerArn = await otherListener(arena);
      await makeRule(arena, { [group]: 1 }, { Priority: priority, ListenerArn });
    },
  },
  {
    facts: ['elbv2.rule.priority-freed'],
    name: 'the priority of a deleted rule is free',
    async run(arena) {
      const { arn, priority, group } = await oneRule(arena);
      await remove(arena, arn);
      assert.notEqual((await makeRule(arena, { [group]: 1 }, { Priority: priority })).arn, arn);
    },
  },
];

const READING: readonly Case[] = [
  {
    facts: ['elbv2.rule.readable', 'elbv2.rule.default-listed'],
    name: 'a new rule is listed beside the default rule, and found by its ARN',
    async run(arena) {
      const { arn, listenerArn, priority } = await oneRule(arena);
      await arena.eventually(async () => {
        const rules = await rulesOf(arena, listenerArn);
        const shown = rules.filter(({ RuleArn, IsDefault }) => RuleArn === arn || IsDefault);
        const told = shown.map(({ Priority, IsDefault }) => `${Priority} ${IsDefault}`);
        assert.deepEqual(sorted(told), [`${priority} false`, 'default true']);
        assert.equal((await readRule(arena, arn)).Priority, String(priority));
      });
    },
  },
  {
    facts: ['elbv2.rule.tags'],
    name: 'tags of a new rule are read with it',
    async run(arena) {
      const { arn } = await oneRule(arena, { Tags: [{ Key: 'mayfly:session', Value: 'tt-login' }] });
      const { TagDescriptions } = await arena.elbv2.send(new DescribeTagsCommand({ ResourceArns: [arn] }));
      assert.deepEqual(TagDescriptions?.[0]?.Tags, [{ Key: 'mayfly:session', Value: 'tt-login' }]);
    },
  },
  {
    facts: ['elbv2.pages.rules', 'elbv2.pages.size'],
    name: 'pages of two lead to each of five rules once',
    async run(arena) {
      const made = await inTurn(5, () => oneRule(arena));
      const { listenerArn = '' } = made[0] ?? {};
      const seen = (await rulesOf(arena, listenerArn, 2)).map(({ RuleArn }) => RuleArn);
      const mine = made.map(({ arn }) => arn);
      assert.deepEqual(sorted(seen.filter((arn) => mine.includes(arn ?? ''))), sorted(mine));
      for (const size of [0, 401]) await refused(rulesOf(arena, listenerArn, size), 'ValidationError');
    },
  },
  {
    facts: ['elbv2.error.listener-not-found', 'elbv2.error.rule-not-found', 'elbv2.rule.delete-absent'],
    name: 'a listener or a rule that is gone is not found, and cannot be deleted again',
    async run(arena) {
      const { arn, listenerArn } = await oneRule(arena);
      await remove(arena, arn);
      await arena.eventually(() => refused(remove(arena, arn), 'RuleNotFound'));
      await arena.eventually(() => refused(readRule(arena, arn), 'RuleNotFound'));
      const unknown = `${listenerArn.slice(0, -4)}0000`;
      await refused(rulesOf(arena, unknown), 'ListenerNotFound');
    },
  },
  {
    facts: ['elbv2.rule.default-kept'],
    name: 'the default rule cannot be deleted',
    async run(arena) {
      const { arn } = await arena.listener();
      const rule = (await rulesOf(arena, arn)).find(({ IsDefault }) => IsDefault);
      await refused(remove(arena, rule?.RuleArn ?? ''), 'OperationNotPermitted');
    },
  },
];

const CONTENTS: readonly Case[] = [
  {
    facts: ['elbv2.rule.modify-actions', 'elbv2.weights.range'],
    name: 'weights change from 0 to 999, and nothing else does',
    async run(arena) {
      const [blue, green] = [await makeGroup(arena), await makeGroup(arena)];
      const Tags = [{ Key: 'mayfly:session', Value: 'tt-login' }];
      const { arn, host, priority } = await makeRule(arena, { [blue]: 1, [green]: 0 }, { Tags });
      const weigh = (weights: Record<string, number>) =>
        arena.elbv2.send(new ModifyRuleCommand({ RuleArn: arn, Actions: [forward(weights)] }));
      await weigh({ [blue]: 0, [green]: 999 });
      const rule = await readRule(arena, arn);
      assert.deepEqual(weightsOf(rule), { [blue]: 0, [green]: 999 });
      assert.deepEqual([rule.Priority, rule.Conditions?.[0]?.HostHeaderConfig?.Values], [String(priority), [host]]);
      const tags = await arena.elbv2.send(new DescribeTagsCommand({ ResourceArns: [arn] }));
      assert.deepEqual(tags.TagDescriptions?.[0]?.Tags, Tags);
      await refused(weigh({ [blue]: 1000 }), 'ValidationError');
      await refused(weigh({ [blue]: -1 }), 'ValidationError');
    },
  },
  {
    facts: ['elbv2.host.length', 'elbv2.host.characters'],
    name: 'hosts are checked: length, characters, dots',
    async run(arena) {
      const group = await makeGroup(arena);
      const rule = (host: string) => makeRule(arena, { [group]: 1 }, { Conditions: [hostIs(host)] });
      await rule(`${'x'.repeat(115)}.example.test`);
      await rule('*.a-b?.example.test');
      for (const host of [`${'x'.repeat(117)}.example.test`, 'a_b.example.test', 'localhost', 'a.b.1', 'a b.test'])
        await refused(rule(host), 'ValidationError');
    },
  },
  {
    facts: ['elbv2.quota.condition-values', 'elbv2.quota.wildcards'],
    name: 'a rule has five hosts and six wildcards, and no more',
    async run(arena) {
      const group = await makeGroup(arena);
      const rule = (...hosts: string[]) => makeRule(arena, { [group]: 1 }, { Conditions: [hostIs(...hosts)] });
      const hosts = ['a.test', 'b.test', 'c.test', 'd.test', 'e.test'];
      await rule(...hosts);
      await refused(rule(...hosts, 'f.test'), /^(ValidationError|TooManyRules|InvalidConfigurationRequest)$/);
      await refused(rule('*.*.*.*.*.*.*.test'), /^(ValidationError|InvalidConfigurationRequest)$/);
    },
  },
  {
    facts: ['elbv2.quota.groups-per-action'],
    name: 'an action forwards to five groups and not to six',
    async run(arena) {
      const groups = await inTurn(6, () => makeGroup(arena));
      const weights = (count: number) => Object.fromEntries(groups.slice(0, count).map((arn) => [arn, 1]));
      await makeRule(arena, weights(5));
      await refused(makeRule(arena, weights(6)), /^(TooManyTargetGroups|ValidationError)$/);
    },
  },
];

const QUOTAS: readonly Case[] = [
  {
    facts: ['elbv2.quota.rules'],
    name: 'a load balancer has 100 rules and not 101',
    needs: ['quotas'],
    async run(arena) {
      const group = await makeGroup(arena);
      await inTurn(100, () => makeRule(arena, { [group]: 1 }));
      await refused(makeRule(arena, { [group]: 1 }), 'TooManyRules');
    },
  },
  {
    facts: ['elbv2.quota.groups-per-balancer'],
    name: 'its rules forward to 100 groups and not to 101',
    needs: ['quotas'],
    async run(arena) {
      const groups = await inTurn(101, () => makeGroup(arena));
      await inTurn(20, (index) =>
        makeRule(arena, Object.fromEntries(groups.slice(index * 5, index * 5 + 5).map((arn) => [arn, 1]))),
      );
      await refused(makeRule(arena, { [groups[100] ?? '']: 1 }), 'TooManyUniqueTargetGroupsPerLoadBalancer');
    },
  },
  {
    facts: ['elbv2.quota.balancer-per-group'],
    name: 'a group that one load balancer forwards to is closed to another',
    needs: ['quotas'],
    async run(arena) {
      const { group } = await oneRule(arena);
      const other = await arena.otherListener();
      const Conditions = [hostIs(hostOf(arena))];
      const rule = { ListenerArn: other.arn, Conditions };
      await refused(makeRule(arena, { [group]: 1 }, rule), 'TargetGroupAssociationLimit');
    },
  },
];

export const ELBV2_RULE_CASES: readonly Case[] = [...PRIORITIES, ...READING, ...CONTENTS, ...QUOTAS];
