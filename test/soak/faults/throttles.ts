/** Which call a request makes, and how its service refuses it for its rate. */
import type { IncomingHttpHeaders } from 'node:http';

export interface Called {
  readonly service: 'dynamodb' | 'ecs' | 'elasticloadbalancing' | 'other';
  readonly operation: string;
}

export function calledOf(headers: IncomingHttpHeaders, body: Buffer): Called {
  const target = headers['x-amz-target'];
  if (typeof target !== 'string') {
    const operation = new URLSearchParams(body.toString()).get('Action') ?? '';
    return { service: 'elasticloadbalancing', operation };
  }
  const [family = '', operation = ''] = target.split('.');
  if (family.startsWith('DynamoDB')) return { service: 'dynamodb', operation };
  return { service: family.includes('ContainerService') ? 'ecs' : 'other', operation };
}

interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Fact elbv2.throttle.code; RunTask's comes in disguise: AWS-FACTS ECS "hidden throttle". */
export function throttleOf({ service, operation }: Called): Refusal {
  if (service === 'elasticloadbalancing') {
    const error = '<Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>';
    const body = `<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><Error>${error}</Error><RequestId>soak</RequestId></ErrorResponse>`;
    return { status: 400, type: 'text/xml', body };
  }
  const json = (name: string, message: string): Refusal => ({
    status: 400,
    type: service === 'dynamodb' ? 'application/x-amz-json-1.0' : 'application/x-amz-json-1.1',
    body: JSON.stringify({ __type: name, message }),
  });
  if (service === 'dynamodb') {
    const name = 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException';
    return json(name, 'The level of configured provisioned throughput for the table was exceeded.');
  }
  if (operation === 'RunTask') {
    return json(
      'InvalidParameterException',
      'Error retrieving security group information: Rate exceeded (ErrorCode: Throttling)',
    );
  }
  return json('ThrottlingException', 'Rate exceeded');
}
