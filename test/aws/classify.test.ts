/** Each error as it arrives from the SDK over the wire, and what it means. */
import { describe, expect, it } from 'vitest';
import { toAwsError } from '../../src/aws/classify.ts';
import { AwsError, type AwsErrorKind } from '../../src/aws/errors.ts';
import { type CannedAnswer, cannedAws, json, jsonError, xmlError } from './canned.ts';
import { thrownBy } from './thrown.ts';

const TASK = 'arn:aws:ecs:eu-west-1:123456789012:task/main/1';

async function ecsError(answer: CannedAnswer): Promise<AwsError> {
  return thrownBy(cannedAws(() => answer).aws.ecs.listTasks('main', 'mayfly/test'));
}

async function elbError(answer: CannedAnswer): Promise<AwsError> {
  return thrownBy(cannedAws(() => answer).aws.elbv2.describeTargetGroups());
}

describe('JSON errors', () => {
  it.each<[AwsErrorKind, string, string]>([
    ['throttled', 'ThrottlingException', 'Rate exceeded'],
    ['throttled', 'TooManyRequestsException', 'slow down'],
    [
      'throttled',
      'InvalidParameterException',
      'Error retrieving subnet information for [subnet-1]: Rate exceeded (ErrorCode: Throttling)',
    ],
    ['throttled', 'ClientException', 'Too many concurrent attempts to create a new revision of the specified family.'],
    ['quota', 'ClientException', 'You’ve reached the limit on the number of vCPUs you can run concurrently'],
    ['quota', 'LimitExceededException', 'The limit was exceeded'],
    ['conflict', 'ConflictException', 'The token was used'],
    ['not-found', 'ClusterNotFoundException', 'Cluster not found.'],
    ['not-found', 'ResourceNotFoundException', 'The specified log group does not exist.'],
    ['not-found', 'ClientException', 'Unable to describe task definition.'],
    ['denied', 'AccessDeniedException', 'User is not authorized to perform ecs:ListTasks'],
    ['denied', 'UnrecognizedClientException', 'The security token included in the request is invalid.'],
    ['denied', 'ExpiredTokenException', 'The security token included in the request is expired'],
    ['denied', 'InvalidSignatureException', 'Signature expired'],
    ['unavailable', 'ServerException', 'Service Unavailable'],
    ['invalid', 'InvalidParameterException', 'Invalid cpu'],
    ['invalid', 'ClientException', 'TaskDefinition is inactive'],
    ['invalid', 'UnsupportedFeatureException', 'no'],
  ])('%s: %s, %s', async (kind, code, message) => {
    const error = await ecsError(jsonError(code, message));
    expect(error).toMatchObject({ kind, code, operation: 'ecs:ListTasks', resourceIds: [] });
    expect(error.message).toContain(message);
  });

  it('a name in a namespace is the same name', async () => {
    expect(await ecsError(jsonError('com.amazonaws.ecs#ClusterNotFoundException', 'no'))).toMatchObject({
      kind: 'not-found',
      code: 'ClusterNotFoundException',
    });
  });

  it('a conflict carries the tasks that the token already made', async () => {
    expect(await ecsError(jsonError('ConflictException', 'used', { resourceIds: [TASK] }))).toMatchObject({
      kind: 'conflict',
      resourceIds: [TASK],
    });
  });
});

describe('Query errors', () => {
  it.each<[AwsErrorKind, string]>([
    ['throttled', 'Throttling'],
    ['throttled', 'ThrottlingException'],
    ['throttled', 'PriorRequestNotComplete'],
    ['taken', 'PriorityInUse'],
    ['taken', 'DuplicateTargetGroupName'],
    ['in-use', 'ResourceInUse'],
    ['quota', 'TooManyRules'],
    ['quota', 'TooManyTargetGroups'],
    ['quota', 'TooManyUniqueTargetGroupsPerLoadBalancer'],
    ['quota', 'TooManyTargets'],
    ['quota', 'TooManyRegistrationsForTargetId'],
    ['quota', 'TargetGroupAssociationLimit'],
    ['not-found', 'TargetGroupNotFound'],
    ['not-found', 'RuleNotFound'],
    ['not-found', 'ListenerNotFound'],
    ['denied', 'AccessDenied'],
    ['denied', 'InvalidClientTokenId'],
    ['denied', 'SignatureDoesNotMatch'],
    ['unavailable', 'HealthUnavailable'],
    ['invalid', 'ValidationError'],
    ['invalid', 'InvalidConfigurationRequest'],
    ['invalid', 'OperationNotPermitted'],
  ])('%s: %s, under the code of the wire', async (kind, code) => {
    expect(await elbError(xmlError(code, 'because'))).toMatchObject({ kind, code });
  });

  it('429 is throttled, whatever it is called', async () => {
    expect(await elbError(xmlError('SomethingNew', 'because', 429))).toMatchObject({ kind: 'throttled' });
  });
});

describe('no answer of the service', () => {
  it.each([
    ['a 500 without a body', { status: 500, body: '' }],
    ['a 503 of a proxy', { status: 503, body: '<html>bad gateway' }],
    ['a 200 that is not JSON', { status: 200, body: 'garbage' }],
    ['a 500 of a code that nobody knows', json({ __type: 'SomethingNew', message: 'because' }, 500)],
  ])('%s is unavailable', async (_what, answer) => {
    expect(await ecsError(answer)).toMatchObject({ kind: 'unavailable' });
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT'])('%s is unavailable, and named', async (code) => {
    const { aws } = cannedAws(() => {
      throw Object.assign(new Error(`connect ${code} 127.0.0.1:1`), { code });
    });
    expect(await thrownBy(aws.ecs.listTasks('main', 'me'))).toMatchObject({ kind: 'unavailable', code });
  });

  it('missing credentials are for a person to give', () => {
    const error = Object.assign(new Error('Could not load credentials from any providers'), {
      name: 'CredentialsProviderError',
    });
    expect(toAwsError(error, 'ecs:RunTask').kind).toBe('denied');
  });

  it('what is not even an Error is unavailable', () => {
    expect(toAwsError('boom', 'ecs:RunTask')).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('boom'),
    });
  });

  it('an AwsError stays what it is', () => {
    const error = new AwsError('taken', 'PriorityInUse', 'x', 'y');
    expect(toAwsError(error, 'ecs:RunTask')).toBe(error);
  });
});
