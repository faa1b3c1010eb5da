import { describe, expect, it } from 'vitest';
import { cannedAws, xml, xmlError } from './canned.ts';
import { thrownBy } from './thrown.ts';

const LISTENER = 'arn:listener';
const GROUP = 'arn:tg/one';
const DOOR = 'arn:tg/door';

const rule = (arn: string, priority: string, inner: string, isDefault = false): string =>
  `<member><RuleArn>${arn}</RuleArn><Priority>${priority}</Priority><IsDefault>${isDefault}</IsDefault>${inner}</member>`;
const host = (name: string): string =>
  `<Conditions><member><Field>host-header</Field><HostHeaderConfig><Values><member>${name}</member></Values></HostHeaderConfig></member></Conditions>`;
const tuple = (arn: string, weight?: number): string =>
  `<member><TargetGroupArn>${arn}</TargetGroupArn>${weight === undefined ? '' : `<Weight>${weight}</Weight>`}</member>`;
const forward = (...tuples: string[]): string =>
  `<Actions><member><Type>forward</Type><ForwardConfig><TargetGroups>${tuples.join('')}</TargetGroups></ForwardConfig></member></Actions>`;

describe('describeRules', () => {
  const read = async (...rules: string[]) => {
    const { aws } = cannedAws(({ operation }) => xml(operation, `<Rules>${rules.join('')}</Rules>`));
    return aws.elbv2.describeRules(LISTENER);
  };

  it('shows priority, hosts and weights, and leaves the default rule out', async () => {
    expect(
      await read(
        rule('r1', '1000', host('one.test') + forward(tuple(GROUP, 0), tuple(DOOR, 1))),
        rule('r0', 'default', forward(tuple(DOOR)), true),
      ),
    ).toEqual([
      {
        arn: 'r1',
        priority: 1000,
        hosts: ['one.test'],
        forward: [
          { targetGroupArn: GROUP, weight: 0 },
          { targetGroupArn: DOOR, weight: 1 },
        ],
      },
    ]);
  });

  it('understands foreign rules: the short forward, the old condition, other conditions and actions', async () => {
    const short = `<Actions><member><Type>authenticate-oidc</Type></member><member><Type>forward</Type><TargetGroupArn>${DOOR}</TargetGroupArn></member></Actions>`;
    const old =
      '<Conditions><member><Field>host-header</Field><Values><member>old.test</member></Values></member></Conditions>';
    const path =
      '<Conditions><member><Field>path-pattern</Field><Values><member>/a</member></Values></member></Conditions>';
    const fixed = '<Actions><member><Type>fixed-response</Type></member></Actions>';
    expect(await read(rule('r1', '5', old + short), rule('r2', '6', path + fixed), rule('r3', '7', ''))).toEqual([
      { arn: 'r1', priority: 5, hosts: ['old.test'], forward: [{ targetGroupArn: DOOR, weight: 1 }] },
      { arn: 'r2', priority: 6, hosts: [], forward: [] },
      { arn: 'r3', priority: 7, hosts: [], forward: [] },
    ]);
  });

  it('refuses a rule without an ARN or a numeric priority', async () => {
    expect(await thrownBy(read(rule('', '5', '')))).toMatchObject({ code: 'MalformedAnswer' });
    expect(await thrownBy(read(rule('r1', 'first', '')))).toMatchObject({ code: 'MalformedAnswer' });
  });

  it('reads every page, 400 at a time', async () => {
    const { aws, calls } = cannedAws(({ operation, input }) =>
      input['Marker'] === undefined
        ? xml(operation, `<Rules>${rule('r1', '1', '')}</Rules><NextMarker>two</NextMarker>`)
        : xml(operation, `<Rules>${rule('r2', '2', '')}</Rules>`),
    );
    expect((await aws.elbv2.describeRules(LISTENER)).map(({ arn }) => arn)).toEqual(['r1', 'r2']);
    expect(calls.map(({ input }) => [input['ListenerArn'], input['PageSize'], input['Marker']])).toEqual([
      [LISTENER, '400', undefined],
      [LISTENER, '400', 'two'],
    ]);
  });
});

describe('describeTargetGroups', () => {
  it('reads every page, 400 at a time, without a filter', async () => {
    const group = (name: string) =>
      `<TargetGroups><member><TargetGroupArn>arn:${name}</TargetGroupArn><TargetGroupName>${name}</TargetGroupName></member></TargetGroups>`;
    const { aws, calls } = cannedAws(({ operation, input }) =>
      xml(operation, input['Marker'] === undefined ? `${group('a')}<NextMarker>x</NextMarker>` : group('b')),
    );
    expect(await aws.elbv2.describeTargetGroups()).toMatchObject([
      { arn: 'arn:a', name: 'a' },
      { arn: 'arn:b', name: 'b' },
    ]);
    expect(calls.map(({ input }) => input['PageSize'])).toEqual(['400', '400']);
  });
});

describe('describeTargetHealth', () => {
  const target = (state: string): string =>
    `<TargetHealthDescriptions><member><Target><Id>10.0.0.1</Id><Port>3001</Port></Target><TargetHealth><State>${state}</State><Reason>Target.Timeout</Reason><Description>slow</Description></TargetHealth></member></TargetHealthDescriptions>`;

  it('shows state, reason and description', async () => {
    const { aws } = cannedAws(({ operation }) => xml(operation, target('unhealthy.draining')));
    expect(await aws.elbv2.describeTargetHealth(GROUP)).toEqual([
      { ip: '10.0.0.1', port: 3001, state: 'unhealthy.draining', reason: 'Target.Timeout', description: 'slow' },
    ]);
  });

  it('never takes a state that nobody knows for healthy', async () => {
    const { aws } = cannedAws(({ operation }) => xml(operation, target('splendid')));
    expect(await aws.elbv2.describeTargetHealth(GROUP)).toMatchObject([{ state: 'unavailable' }]);
  });
});

describe('createTargetGroup', () => {
  const spec = {
    name: 'mf-test-1',
    vpcId: 'vpc-1',
    port: 3001,
    healthPath: '/.mayfly/ready/tt-one',
    healthIntervalSeconds: 5,
    deregistrationDelaySeconds: 30,
    tags: { b: '2', a: '1' },
  };
  const created = ({ operation }: { operation: string }) =>
    xml(operation, `<TargetGroups><member><TargetGroupArn>${GROUP}</TargetGroupArn></member></TargetGroups>`);

  it('asks for its health checks, then for its deregistration delay', async () => {
    const { aws, calls } = cannedAws(created);
    expect(await aws.elbv2.createTargetGroup(spec)).toBe(GROUP);
    expect(calls.map(({ operation }) => operation)).toEqual(['CreateTargetGroup', 'ModifyTargetGroupAttributes']);
    expect(calls[0]?.input).toMatchObject({
      Name: 'mf-test-1',
      Protocol: 'HTTP',
      TargetType: 'ip',
      Port: '3001',
      VpcId: 'vpc-1',
      HealthCheckPath: '/.mayfly/ready/tt-one',
      HealthCheckIntervalSeconds: '5',
      HealthCheckTimeoutSeconds: '4',
      HealthyThresholdCount: '2',
      UnhealthyThresholdCount: '2',
      'Matcher.HttpCode': '200',
      'Tags.member.1.Key': 'a',
      'Tags.member.2.Key': 'b',
    });
    expect(calls[1]?.input).toMatchObject({
      TargetGroupArn: GROUP,
      'Attributes.member.1.Key': 'deregistration_delay.timeout_seconds',
      'Attributes.member.1.Value': '30',
    });
  });

  it.each([
    [5, '4'],
    [10, '5'],
    [30, '5'],
    [2, '2'],
  ])('an interval of %i s has a timeout of %s s', async (healthIntervalSeconds, timeout) => {
    const { aws, calls } = cannedAws(created);
    await aws.elbv2.createTargetGroup({ ...spec, healthIntervalSeconds });
    expect(calls[0]?.input).toMatchObject({ HealthCheckTimeoutSeconds: timeout });
  });

  it('refuses an answer without an ARN', async () => {
    const { aws } = cannedAws(({ operation }) => xml(operation, '<TargetGroups/>'));
    expect(await thrownBy(aws.elbv2.createTargetGroup(spec))).toMatchObject({ code: 'MalformedAnswer' });
  });
});

describe('rules', () => {
  const request = {
    listenerArn: LISTENER,
    priority: 1234,
    host: 'one.test',
    forward: [
      { targetGroupArn: GROUP, weight: 0 },
      { targetGroupArn: DOOR, weight: 1 },
    ],
    tags: {},
  };

  it('are made with host and weights, and shown as made', async () => {
    const { aws, calls } = cannedAws(({ operation }) =>
      xml(
        operation,
        `<Rules>${rule('r1', '1234', host('one.test') + forward(tuple(GROUP, 0), tuple(DOOR, 1)))}</Rules>`,
      ),
    );
    expect(await aws.elbv2.createRule(request)).toMatchObject({ arn: 'r1', priority: 1234, hosts: ['one.test'] });
    expect(calls[0]?.input).toMatchObject({
      ListenerArn: LISTENER,
      Priority: '1234',
      'Conditions.member.1.Field': 'host-header',
      'Conditions.member.1.HostHeaderConfig.Values.member.1': 'one.test',
      'Actions.member.1.Type': 'forward',
      'Actions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn': GROUP,
      'Actions.member.1.ForwardConfig.TargetGroups.member.1.Weight': '0',
      'Actions.member.1.ForwardConfig.TargetGroups.member.2.Weight': '1',
    });
  });

  it('refuses an answer without the rule', async () => {
    const { aws } = cannedAws(({ operation }) => xml(operation, ''));
    expect(await thrownBy(aws.elbv2.createRule(request))).toMatchObject({ code: 'MalformedAnswer' });
  });

  it('change their weights whole', async () => {
    const { aws, calls } = cannedAws(({ operation }) => xml(operation, ''));
    await aws.elbv2.setRuleWeights('r1', [
      { targetGroupArn: GROUP, weight: 1 },
      { targetGroupArn: DOOR, weight: 0 },
    ]);
    expect(calls[0]?.input).toMatchObject({
      Action: 'ModifyRule',
      RuleArn: 'r1',
      'Actions.member.1.ForwardConfig.TargetGroups.member.1.Weight': '1',
      'Actions.member.1.ForwardConfig.TargetGroups.member.2.Weight': '0',
    });
  });
});

describe('what is gone already', () => {
  it('is deleted and deregistered with success', async () => {
    const { aws } = cannedAws(({ operation }) =>
      xmlError(operation === 'DeleteRule' ? 'RuleNotFound' : 'TargetGroupNotFound', 'gone'),
    );
    await aws.elbv2.deleteRule('r1');
    await aws.elbv2.deleteTargetGroup(GROUP);
    await aws.elbv2.deregisterTarget(GROUP, '10.0.0.1', 3001);
    expect(await thrownBy(aws.elbv2.registerTarget(GROUP, '10.0.0.1', 3001))).toMatchObject({ kind: 'not-found' });
  });

  it('is a listener that does not exist', async () => {
    const { aws } = cannedAws(() => xmlError('ListenerNotFound', 'gone'));
    expect(await aws.elbv2.listenerExists(LISTENER)).toBe(false);
  });

  it('is not what is in use', async () => {
    const { aws } = cannedAws(() => xmlError('ResourceInUse', 'a rule forwards to it'));
    expect(await thrownBy(aws.elbv2.deleteTargetGroup(GROUP))).toMatchObject({ kind: 'in-use' });
  });
});
