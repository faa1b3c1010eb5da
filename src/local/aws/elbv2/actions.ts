/** Actions of rules and listeners: from the API's shape, checked, to ours and back. */
import type { Action as ApiAction, TargetGroupTuple } from '@aws-sdk/client-elastic-load-balancing-v2';
import { ApiError } from '../service.ts';
import type { Action, ForwardAction } from './state.ts';
import { digitsInRange, inRange, required, requiredList, validationError } from './validation.ts';

const invalidAction = (message: string): ApiError => new ApiError('InvalidLoadBalancerAction', message);

/** Exactly one routing action; that its target groups exist is checked by the caller. */
export function parseActions(input: readonly ApiAction[] | undefined, targetGroupsPerAction: number): Action {
  const actions = requiredList(input, 'actions');
  const [action] = actions;
  if (action === undefined || actions.length > 1) {
    throw invalidAction(
      `A rule must have exactly one forward, fixed-response or redirect action; found ${actions.length}`,
    );
  }
  switch (required(action.Type, 'actions.type')) {
    case 'forward':
      return parseForward(action, targetGroupsPerAction);
    case 'fixed-response':
      return parseFixedResponse(action);
    case 'redirect':
      return parseRedirect(action);
    default:
      throw invalidAction(
        `Action type '${String(action.Type)}' is not supported by the local load balancer; use forward, fixed-response or redirect`,
      );
  }
}

function parseForward(action: ApiAction, most: number): ForwardAction {
  const tuples = forwardTuples(action);
  if (tuples.length > most) {
    throw new ApiError(
      'TooManyTargetGroups',
      `An action can forward to at most ${most} target groups; found ${tuples.length}`,
    );
  }
  const targetGroups = tuples.map((tuple) => ({
    arn: required(tuple.TargetGroupArn, 'actions.forwardConfig.targetGroups.targetGroupArn'),
    weight: inRange(tuple.Weight ?? 1, 'actions.forwardConfig.targetGroups.weight', { min: 0, max: 999 }),
  }));
  if (new Set(targetGroups.map((group) => group.arn)).size < targetGroups.length) {
    throw validationError('A forward action cannot name the same target group twice');
  }
  if (action.ForwardConfig?.TargetGroupStickinessConfig?.Enabled === true) {
    throw invalidAction('Target group stickiness is not supported by the local load balancer; leave it off');
  }
  return { type: 'forward', targetGroups };
}

function forwardTuples(action: ApiAction): readonly TargetGroupTuple[] {
  const tuples = action.ForwardConfig?.TargetGroups ?? [];
  if (action.TargetGroupArn === undefined || action.TargetGroupArn === '') {
    return requiredList(tuples, 'actions.forwardConfig.targetGroups');
  }
  // AWS shows a single target group in both places, and takes that back as long as the two agree.
  if (tuples.length === 0) return [{ TargetGroupArn: action.TargetGroupArn }];
  if (tuples.length > 1 || tuples[0]?.TargetGroupArn !== action.TargetGroupArn) {
    throw validationError('You cannot specify both a target group ARN and a different list of target groups');
  }
  return tuples;
}

const contentTypes = ['text/plain', 'text/css', 'text/html', 'application/javascript', 'application/json'];

function parseFixedResponse(action: ApiAction): Action {
  const config = required(action.FixedResponseConfig, 'actions.fixedResponseConfig');
  const status = required(config.StatusCode, 'actions.fixedResponseConfig.statusCode');
  if (!/^[245]\d\d$/.test(status)) {
    throw validationError(`Fixed response status code '${status}' is not valid; allowed are 2XX, 4XX and 5XX`);
  }
  if (config.ContentType !== undefined && !contentTypes.includes(config.ContentType)) {
    throw validationError(`Content type '${config.ContentType}' is not valid; allowed are ${contentTypes.join(', ')}`);
  }
  if ((config.MessageBody?.length ?? 0) > 1024) {
    throw validationError('The message body of a fixed response can have at most 1024 characters');
  }
  return {
    type: 'fixed-response',
    statusCode: Number(status),
    contentType: config.ContentType,
    body: config.MessageBody,
  };
}

function parseRedirect(action: ApiAction): Action {
  const config = required(action.RedirectConfig, 'actions.redirectConfig');
  const statusCode = required(config.StatusCode, 'actions.redirectConfig.statusCode');
  if (statusCode !== 'HTTP_301' && statusCode !== 'HTTP_302') {
    throw validationError(
      `Redirect status code '${String(statusCode)}' is not valid; allowed are HTTP_301 and HTTP_302`,
    );
  }
  const redirect = {
    type: 'redirect' as const,
    statusCode,
    protocol: config.Protocol ?? '#{protocol}',
    port: config.Port ?? '#{port}',
    host: config.Host ?? '#{host}',
    path: config.Path ?? '/#{path}',
    query: config.Query ?? '#{query}',
  };
  checkRedirect(redirect);
  return redirect;
}

function checkRedirect(redirect: Extract<Action, { type: 'redirect' }>): void {
  if (!['HTTP', 'HTTPS', '#{protocol}'].includes(redirect.protocol)) {
    throw validationError(
      `Redirect protocol '${redirect.protocol}' is not valid; allowed are HTTP, HTTPS and #{protocol}`,
    );
  }
  if (redirect.port !== '#{port}') digitsInRange(redirect.port, 'actions.redirectConfig.port', { min: 1, max: 65535 });
  if (!redirect.path.startsWith('/')) throw validationError(`Redirect path '${redirect.path}' must begin with '/'`);
  const same =
    redirect.protocol === '#{protocol}' &&
    redirect.port === '#{port}' &&
    redirect.host === '#{host}' &&
    redirect.path === '/#{path}';
  if (same) {
    throw invalidAction('The redirect would lead to itself: change at least one of protocol, port, host or path');
  }
}

/** As DescribeRules shows it: one target group in both places, several only in ForwardConfig. */
export function actionView(action: Action): ApiAction {
  switch (action.type) {
    case 'forward':
      return forwardView(action);
    case 'fixed-response':
      return {
        Type: action.type,
        FixedResponseConfig: {
          StatusCode: String(action.statusCode),
          ContentType: action.contentType,
          MessageBody: action.body,
        },
      };
    case 'redirect':
      return {
        Type: action.type,
        RedirectConfig: {
          StatusCode: action.statusCode,
          Protocol: action.protocol,
          Port: action.port,
          Host: action.host,
          Path: action.path,
          Query: action.query,
        },
      };
  }
}

function forwardView(action: ForwardAction): ApiAction {
  const [only, ...others] = action.targetGroups;
  return {
    Type: 'forward',
    ...(others.length === 0 && only !== undefined && { TargetGroupArn: only.arn }),
    ForwardConfig: {
      TargetGroups: action.targetGroups.map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: weight })),
      TargetGroupStickinessConfig: { Enabled: false },
    },
  };
}
