/** Which actions, resources and condition keys each ELBv2 operation is authorised on: fact group "IAM ELBv2". */
import { ANY, requestTags, text, texts } from './authorisation.ts';
import type { Ask, Authorisation, Home } from './authorisation.ts';

type Input = Record<string, unknown>;

const SERVICE = 'elasticloadbalancing';

/** Creation asks about tags once more, as AddTags on what is created: "permissions to tag resources during creation". */
function creates(
  operation: string,
  on: (input: Input, home: Home) => string,
  made: (input: Input, home: Home) => string,
): Ask {
  return (input, home) => {
    const tags = requestTags(input['Tags']);
    const asked: Authorisation = { action: `${SERVICE}:${operation}`, resources: [on(input, home)], conditions: tags };
    if (Object.keys(tags).length === 0) return [asked];
    const conditions = { ...tags, [`${SERVICE}:CreateAction`]: operation };
    return [asked, { action: `${SERVICE}:AddTags`, resources: [made(input, home)], conditions }];
  };
}

const one =
  (operation: string, resources: (input: Input) => readonly string[]): Ask =>
  (input) => [{ action: `${SERVICE}:${operation}`, resources: resources(input), conditions: {} }];

const on = (operation: string, member: string): Ask => one(operation, (input) => [text(input[member])]);

const arn = (home: Home, resource: string): string => `arn:aws:${SERVICE}:${home.region}:${home.account}:${resource}`;

/** What hangs below has its parent's ARN with another kind, and an id of its own. */
const below = (parent: unknown, from: string, to: string): string =>
  `${text(parent).replace(`:${from}/`, `:${to}/`)}/*`;

const loadBalancer = (input: Input, home: Home): string => arn(home, `loadbalancer/app/${text(input['Name'])}/*`);
const targetGroup = (input: Input, home: Home): string => arn(home, `targetgroup/${text(input['Name'])}/*`);

const rulesOfPriorities = (input: Input): readonly string[] =>
  (Array.isArray(input['RulePriorities']) ? (input['RulePriorities'] as unknown[]) : []).map((rule) =>
    text((rule as Record<string, unknown>)['RuleArn']),
  );

const CHANGES: Readonly<Record<string, Ask>> = {
  CreateLoadBalancer: creates('CreateLoadBalancer', loadBalancer, loadBalancer),
  CreateTargetGroup: creates('CreateTargetGroup', targetGroup, targetGroup),
  CreateListener: creates(
    'CreateListener',
    (input) => text(input['LoadBalancerArn']),
    (input) => below(input['LoadBalancerArn'], 'loadbalancer', 'listener'),
  ),
  CreateRule: creates(
    'CreateRule',
    (input) => text(input['ListenerArn']),
    (input) => below(input['ListenerArn'], 'listener', 'listener-rule'),
  ),
  ModifyRule: on('ModifyRule', 'RuleArn'),
  DeleteRule: on('DeleteRule', 'RuleArn'),
  SetRulePriorities: one('SetRulePriorities', rulesOfPriorities),
  ModifyListener: on('ModifyListener', 'ListenerArn'),
  DeleteListener: on('DeleteListener', 'ListenerArn'),
  DeleteLoadBalancer: on('DeleteLoadBalancer', 'LoadBalancerArn'),
  ModifyTargetGroup: on('ModifyTargetGroup', 'TargetGroupArn'),
  ModifyTargetGroupAttributes: on('ModifyTargetGroupAttributes', 'TargetGroupArn'),
  DeleteTargetGroup: on('DeleteTargetGroup', 'TargetGroupArn'),
  RegisterTargets: on('RegisterTargets', 'TargetGroupArn'),
  DeregisterTargets: on('DeregisterTargets', 'TargetGroupArn'),
  AddTags: (input) => [
    {
      action: `${SERVICE}:AddTags`,
      resources: texts(input['ResourceArns']),
      conditions: requestTags(input['Tags']),
    },
  ],
  RemoveTags: (input) => [
    {
      action: `${SERVICE}:RemoveTags`,
      resources: texts(input['ResourceArns']),
      conditions: { 'aws:TagKeys': texts(input['TagKeys']) },
    },
  ],
};

/** Reading has no resource-level permissions at all. */
export function elbv2Asks(operation: string): Ask {
  const change = Object.hasOwn(CHANGES, operation) ? CHANGES[operation] : undefined;
  return change ?? one(operation, () => ANY);
}
