import {
  CreateRuleCommand,
  CreateRuleInput$,
  CreateRuleOutput$,
  DescribeRulesCommand,
  DescribeRulesInput$,
  DescribeRulesOutput$,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { CreateRuleInput, DescribeRulesInput } from '@aws-sdk/client-elastic-load-balancing-v2';
import { DescribeTasksRequest$, DescribeTasksResponse$, ECSClient, DescribeTasksCommand } from '@aws-sdk/client-ecs';
import type { DescribeTasksRequest } from '@aws-sdk/client-ecs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../../src/local/aws/service.ts';
import type { Service } from '../../../../src/local/aws/service.ts';
import { makeDispatcher } from '../../../../src/local/aws/wire/dispatcher.ts';
import type { Dispatch, WireResponse } from '../../../../src/local/aws/wire/message.ts';
import { requestHandlerOf } from '../../../../src/local/aws/wire/request-handler.ts';

const VERSION = '2015-12-01';
const NAMESPACE = `http://elasticloadbalancing.amazonaws.com/doc/${VERSION}/`;

const query: Service = {
  protocol: 'query',
  target: VERSION,
  namespace: NAMESPACE,
  signingName: 'elasticloadbalancing',
  operations: {
    DescribeRules: {
      input: DescribeRulesInput$,
      output: DescribeRulesOutput$,
      handle: (input: DescribeRulesInput) => ({
        Rules: (input.RuleArns ?? []).map((arn) => ({ RuleArn: arn, Priority: '7', IsDefault: false, Conditions: [] })),
        NextMarker: input.Marker,
      }),
    },
    CreateRule: {
      input: CreateRuleInput$,
      output: CreateRuleOutput$,
      handle: (input: CreateRuleInput) => {
        throw new ApiError('PriorityInUse', `The priority <${input.Priority}> is in use & \u0000 taken`);
      },
    },
  },
};

const json: Service = {
  protocol: 'json1.1',
  target: 'AmazonEC2ContainerServiceV20141113',
  signingName: 'ecs',
  operations: {
    DescribeTasks: {
      input: DescribeTasksRequest$,
      output: DescribeTasksResponse$,
      handle: (input: DescribeTasksRequest) => {
        if (input.cluster === 'broken') {
          throw new TypeError('secret detail');
        }
        if (input.cluster === 'conflict') {
          throw new ApiError('ConflictException', 'taken', 400, { resourceIds: ['arn:one'] });
        }
        return { tasks: (input.tasks ?? []).map((taskArn) => ({ taskArn, createdAt: new Date(1_700_000_000_500) })) };
      },
    },
  },
};

const faults: string[] = [];
const dispatch = makeDispatcher([query, json], {
  requestId: () => 'request-1',
  onFault: (error, name) => faults.push(`${name} ${String(error)}`),
});

const settings = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1 };
const elb = new ElasticLoadBalancingV2Client({ ...settings, requestHandler: requestHandlerOf(dispatch) });
const ecs = new ECSClient({ ...settings, requestHandler: requestHandlerOf(dispatch) });

function post(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  to: Dispatch = dispatch,
): Promise<WireResponse> {
  return to({ headers, body });
}

const postJson = (operation: string, body: string): Promise<WireResponse> =>
  post(body, { 'X-Amz-Target': `AmazonEC2ContainerServiceV20141113.${operation}` });

describe('the query protocol', () => {
  it('answers the SDK', async () => {
    const answer = await elb.send(new DescribeRulesCommand({ RuleArns: ['arn:a&b', 'arn:ü <c>'], Marker: 'next' }));
    expect(answer.Rules?.map((rule) => rule.RuleArn)).toEqual(['arn:a&b', 'arn:ü <c>']);
    expect(answer.Rules?.[0]).toMatchObject({ Priority: '7', IsDefault: false });
    expect(answer.NextMarker).toBe('next');
  });

  it('wraps the result as AWS does', async () => {
    const answer = await post(`Action=DescribeRules&Version=${VERSION}&RuleArns.member.1=arn%3Aa`);
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/xml', 'x-amzn-requestid': 'request-1' },
    });
    expect(answer.body).toBe(
      `<DescribeRulesResponse xmlns="${NAMESPACE}"><DescribeRulesResult><Rules><member><RuleArn>arn:a</RuleArn>` +
        '<Priority>7</Priority><Conditions/><IsDefault>false</IsDefault></member></Rules></DescribeRulesResult>' +
        '<ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata></DescribeRulesResponse>',
    );
  });

  it('sends the code of the wire, which the SDK turns into its exception', async () => {
    const command = new CreateRuleCommand({ ListenerArn: 'l', Conditions: [], Priority: 3, Actions: [] });
    await expect(elb.send(command)).rejects.toMatchObject({
      name: 'PriorityInUseException',
      message: 'The priority <3> is in use &  taken',
      $metadata: { httpStatusCode: 400, requestId: 'request-1' },
    });
    const answer = await post(`Action=CreateRule&Version=${VERSION}&ListenerArn=l&Conditions=&Actions=&Priority=1`);
    expect(answer.body).toContain('<Error><Type>Sender</Type><Code>PriorityInUse</Code><Message>');
    expect(answer.body).toContain(`<ErrorResponse xmlns="${NAMESPACE}">`);
  });

  it('names the member that is missing or wrong', async () => {
    const missing = await post(`Action=CreateRule&Version=${VERSION}&ListenerArn=l&Conditions=&Actions=`);
    expect(missing.status).toBe(400);
    expect(missing.body).toContain('<Code>ValidationError</Code>');
    expect(missing.body).toContain('Value null at &apos;Priority&apos;');
    const wrong = await post(`Action=DescribeRules&Version=${VERSION}&PageSize=ten`);
    expect(wrong.body).toContain('Value &apos;ten&apos; at &apos;PageSize&apos;');
  });

  it.each([
    ['an unknown action', 'Action=Nonsense&Version=2015-12-01', 'InvalidAction'],
    ['a name of Object', 'Action=constructor&Version=2015-12-01', 'InvalidAction'],
    ['an unknown version', 'Action=DescribeRules&Version=1999-01-01', 'InvalidAction'],
    ['no action', '', 'MissingAction'],
  ])('refuses %s', async (_what, body, code) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain(`<Code>${code}</Code>`);
  });

  it('goes by the signing name when the version says nothing', async () => {
    const authorization =
      'AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/elasticloadbalancing/aws4_request, SignedHeaders=host, Signature=0';
    expect((await post('Action=DescribeRules', { Authorization: authorization })).status).toBe(200);
  });

  it('tells two services of one version apart by the signing name', async () => {
    const other: Service = { ...query, signingName: 'other', namespace: 'urn:other' };
    const both = makeDispatcher([query, other]);
    const authorization = 'AWS4-HMAC-SHA256 Credential=A/1/r/other/aws4_request, Signature=0';
    const body = `Action=DescribeRules&Version=${VERSION}`;
    expect((await post(body, { authorization }, both)).body).toContain('urn:other');
    expect((await post(body, {}, both)).body).toContain(NAMESPACE);
  });
});

describe('the JSON protocol', () => {
  it('answers the SDK', async () => {
    const answer = await ecs.send(new DescribeTasksCommand({ tasks: ['arn:ü'] }));
    expect(answer.tasks?.[0]?.taskArn).toBe('arn:ü');
    expect(answer.tasks?.[0]?.createdAt).toEqual(new Date(1_700_000_000_500));
  });

  it('sends an error with its further members', async () => {
    const answer = await postJson('DescribeTasks', '{"tasks":[],"cluster":"conflict"}');
    expect(answer.status).toBe(400);
    expect(answer.headers['x-amzn-requestid']).toBe('request-1');
    expect(JSON.parse(answer.body)).toEqual({
      __type: 'ConflictException',
      message: 'taken',
      resourceIds: ['arn:one'],
    });
    await expect(ecs.send(new DescribeTasksCommand({ tasks: [], cluster: 'conflict' }))).rejects.toMatchObject({
      name: 'ConflictException',
      resourceIds: ['arn:one'],
    });
  });

  it('hides its own faults from the caller, and tells the log', async () => {
    const answer = await postJson('DescribeTasks', '{"tasks":[],"cluster":"broken"}');
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.body)).toMatchObject({ __type: 'InternalFailure' });
    expect(answer.body).not.toContain('secret detail');
    expect(faults).toContain('DescribeTasks TypeError: secret detail');
  });

  it.each([
    ['not JSON', '{"tasks":', 'SerializationException', 'not valid JSON'],
    ['not an object', '[]', 'InvalidParameterException', "'body'"],
    ['null', 'null', 'InvalidParameterException', "'body'"],
    ['a missing member', '{}', 'InvalidParameterException', "Value null at 'tasks'"],
    ['an empty body', '', 'InvalidParameterException', "Value null at 'tasks'"],
    ['a null member', '{"tasks":null}', 'InvalidParameterException', "Value null at 'tasks'"],
    ['a value for a list', '{"tasks":"a"}', 'InvalidParameterException', "of type string at 'tasks'"],
    ['a number in a list of text', '{"tasks":["a",5]}', 'InvalidParameterException', "'tasks.2.member'"],
    ['an object for text', '{"tasks":[],"cluster":{}}', 'InvalidParameterException', "'cluster'"],
  ])('refuses %s', async (_what, body, code, text) => {
    const answer = await postJson('DescribeTasks', body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ __type: code, message: expect.stringContaining(text) as string });
  });

  it.each(['Nonsense', 'toString', ''])('refuses the operation %j', async (operation) => {
    const answer = await postJson(operation, '{}');
    expect(JSON.parse(answer.body)).toMatchObject({ __type: 'UnknownOperationException' });
  });

  it('lets unknown members pass', async () => {
    expect((await postJson('DescribeTasks', '{"tasks":[],"later":1,"__proto__":{"x":1}}')).status).toBe(200);
  });
});

describe('any bytes', () => {
  it('are answered', async () => {
    const headers = fc.constantFrom<Record<string, string>>(
      {},
      { 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.DescribeTasks' },
      { 'x-amz-target': '.' },
    );
    await fc.assert(
      fc.asyncProperty(headers, fc.oneof(fc.uint8Array(), fc.json()), async (some, body) => {
        const answer = await post(body, some);
        expect(answer.status).toBeGreaterThanOrEqual(200);
        expect(answer.body).not.toBe('');
      }),
    );
  });
});

describe('the in-process transport', () => {
  it('does not ask for an answer that nobody wants', async () => {
    const abort = AbortSignal.abort();
    await expect(ecs.send(new DescribeTasksCommand({ tasks: [] }), { abortSignal: abort })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('refuses a stream', async () => {
    const handler = requestHandlerOf(dispatch);
    const request = { method: 'POST', protocol: 'http:', hostname: 'h', path: '/', headers: {}, query: {} };
    await expect(handler.handle({ ...request, body: new ReadableStream() })).rejects.toThrow('not streams');
    expect((await handler.handle(request as never)).response.statusCode).toBe(400);
  });
});
