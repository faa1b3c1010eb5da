/** The same operations, asked by the SDK over a socket: form in, XML out, errors as the SDK's own classes. */
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeleteRuleCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  PriorityInUseException,
  RegisterTargetsCommand,
  RuleNotFoundException,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, it, onTestFinished } from 'vitest';
import { listen } from '../../../../src/local/aws/http.ts';
import { makeDispatcher } from '../../../../src/local/aws/wire/dispatcher.ts';
import { ask, makeTarget } from './balancer/sockets.ts';
import { makeHttpBalancer } from '../../../../src/local/aws/elbv2/balancer/http-balancer.ts';
import { forward, groupInput, hostIs, makeWorld, present } from './harness.ts';

it('serves the SDK from the load balancer to the healthy target', async () => {
  const { elbv2, clock } = makeWorld({ balancer: (router) => makeHttpBalancer(router, { bindPort: () => 0 }) });
  onTestFinished(() => elbv2.close());
  const faults: unknown[] = [];
  const server = await listen(
    makeDispatcher([elbv2.service], { onFault: (error) => faults.push(error) }),
    '127.0.0.1',
    0,
  );
  onTestFinished(() => server.close());
  const client = new ElasticLoadBalancingV2Client({
    endpoint: server.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  const target = await makeTarget((_req, res) => res.end('over the wire'));

  const { LoadBalancers } = await client.send(new CreateLoadBalancerCommand({ Name: 'main', Subnets: ['subnet-a'] }));
  const { TargetGroups } = await client.send(new CreateTargetGroupCommand(groupInput('one')));
  const TargetGroupArn = present(TargetGroups?.[0]?.TargetGroupArn);
  const { Listeners } = await client.send(
    new CreateListenerCommand({
      LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn,
      Protocol: 'HTTP',
      Port: 8000,
      DefaultActions: [
        { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404', MessageBody: '<none> & "more"' } },
      ],
    }),
  );
  const ListenerArn = present(Listeners?.[0]?.ListenerArn);
  expect(Listeners?.[0]?.DefaultActions?.[0]?.FixedResponseConfig?.MessageBody).toBe('<none> & "more"');
  const createRule = new CreateRuleCommand({
    ListenerArn,
    Priority: 10,
    Conditions: [hostIs('one.localhost')],
    Actions: [forward({ [TargetGroupArn]: 1 })],
    Tags: [{ Key: 'session', Value: 'tt-one' }],
  });
  const { Rules } = await client.send(createRule);
  const RuleArn = present(Rules?.[0]?.RuleArn);
  await expect(client.send(createRule)).rejects.toBeInstanceOf(PriorityInUseException);
  await client.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: '127.0.0.1', Port: target.port }] }));
  await clock.advance(1000);

  const health = await client.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
  expect(health.TargetHealthDescriptions).toMatchObject([
    { Target: { Id: '127.0.0.1', Port: target.port }, TargetHealth: { State: 'healthy' } },
  ]);
  const rules = await client.send(new DescribeRulesCommand({ ListenerArn }));
  expect(rules.Rules?.map((rule) => [rule.Priority, rule.IsDefault])).toEqual([
    ['10', false],
    ['default', true],
  ]);
  const tags = await client.send(new DescribeTagsCommand({ ResourceArns: [RuleArn] }));
  expect(tags.TagDescriptions).toEqual([{ ResourceArn: RuleArn, Tags: [{ Key: 'session', Value: 'tt-one' }] }]);
  const { port } = present(elbv2.addressOf(ListenerArn));
  expect((await ask(port)).body).toBe('over the wire');

  await client.send(new DeleteRuleCommand({ RuleArn }));
  await expect(client.send(new DeleteRuleCommand({ RuleArn }))).rejects.toBeInstanceOf(RuleNotFoundException);
  expect((await ask(port)).body).toBe('<none> & "more"');
  expect(faults).toEqual([]);
});
