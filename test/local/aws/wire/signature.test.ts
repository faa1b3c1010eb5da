import { DescribeTasksCommand, DescribeTasksRequest$, DescribeTasksResponse$, ECSClient } from '@aws-sdk/client-ecs';
import {
  DescribeRulesCommand,
  DescribeRulesInput$,
  DescribeRulesOutput$,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it } from 'vitest';
import type { Service } from '../../../../src/local/aws/service.ts';
import { makeThrottle } from '../../../../src/local/aws/throttle/throttle.ts';
import { makeDispatcher } from '../../../../src/local/aws/wire/dispatcher.ts';
import { makeGate } from '../../../../src/local/aws/wire/gate.ts';
import type { GatedCall } from '../../../../src/local/aws/wire/gate.ts';
import { requestHandlerOf } from '../../../../src/local/aws/wire/request-handler.ts';

const TARGET = 'AmazonEC2ContainerServiceV20141113';
const services: readonly Service[] = [
  {
    protocol: 'json1.1',
    target: TARGET,
    signingName: 'ecs',
    operations: { DescribeTasks: { input: DescribeTasksRequest$, output: DescribeTasksResponse$, handle: () => ({}) } },
  },
  {
    protocol: 'query',
    target: '2015-12-01',
    signingName: 'elasticloadbalancing',
    operations: { DescribeRules: { input: DescribeRulesInput$, output: DescribeRulesOutput$, handle: () => ({}) } },
  },
];

const settings = {
  region: 'eu-west-1',
  credentials: { accessKeyId: 'AKIDTEST', secretAccessKey: 'b' },
  maxAttempts: 1,
};

describe('a request without a signature', () => {
  const dispatch = makeDispatcher(services, { requireSignature: true });

  it('is refused in the words of each protocol', async () => {
    const json = await dispatch({ headers: { 'x-amz-target': `${TARGET}.DescribeTasks` }, body: '{"tasks":[]}' });
    expect([json.status, JSON.parse(json.body)]).toEqual([
      400,
      { __type: 'MissingAuthenticationTokenException', message: 'Request is missing Authentication Token' },
    ]);
    const query = await dispatch({ headers: {}, body: 'Action=DescribeRules&Version=2015-12-01' });
    expect(query.status).toBe(403);
    expect(query.body).toContain('<Code>MissingAuthenticationToken</Code>');
  });

  it('is not what the SDK sends', async () => {
    const ecs = new ECSClient({ ...settings, requestHandler: requestHandlerOf(dispatch) });
    await expect(ecs.send(new DescribeTasksCommand({ tasks: ['a'] }))).resolves.toBeDefined();
  });
});

describe('a call that comes to the gate', () => {
  it('carries service, operation, input and who signed it', async () => {
    const calls: GatedCall[] = [];
    const dispatch = makeDispatcher(services, {
      gate: async (call, next) => {
        calls.push(call);
        return await next();
      },
    });
    const ecs = new ECSClient({ ...settings, requestHandler: requestHandlerOf(dispatch) });
    await ecs.send(new DescribeTasksCommand({ tasks: ['a'] }));
    expect(calls).toEqual([
      { service: 'ecs', operation: 'DescribeTasks', input: { tasks: ['a'] }, principal: 'AKIDTEST' },
    ]);
  });

  it('is refused there with an error that the SDK knows as a throttle', async () => {
    const none = { burst: 0, perSecond: 1 };
    const throttle = makeThrottle({
      clock: { now: () => 0 },
      rates: { 'ecs-cluster-resource-read': none, 'elb-all': none },
    });
    const requestHandler = requestHandlerOf(makeDispatcher(services, { gate: makeGate({ throttle }) }));
    const ecs = new ECSClient({ ...settings, requestHandler });
    await expect(ecs.send(new DescribeTasksCommand({ tasks: ['a'] }))).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: 'Rate exceeded',
      $metadata: { httpStatusCode: 400 },
    });
    const elb = new ElasticLoadBalancingV2Client({ ...settings, requestHandler });
    await expect(elb.send(new DescribeRulesCommand({}))).rejects.toMatchObject({
      Code: 'Throttling',
      message: 'Rate exceeded',
      $metadata: { httpStatusCode: 400 },
    });
  });
});
