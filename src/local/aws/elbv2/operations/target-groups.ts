/** CreateTargetGroup, DescribeTargetGroups, ModifyTargetGroup, DeleteTargetGroup, and a group's attributes. */
import {
  type CreateTargetGroupInput,
  CreateTargetGroupInput$,
  type CreateTargetGroupOutput,
  CreateTargetGroupOutput$,
  type DeleteTargetGroupInput,
  DeleteTargetGroupInput$,
  type DeleteTargetGroupOutput,
  DeleteTargetGroupOutput$,
  type DescribeTargetGroupAttributesInput,
  DescribeTargetGroupAttributesInput$,
  type DescribeTargetGroupAttributesOutput,
  DescribeTargetGroupAttributesOutput$,
  type DescribeTargetGroupsInput,
  DescribeTargetGroupsInput$,
  type DescribeTargetGroupsOutput,
  DescribeTargetGroupsOutput$,
  type ModifyTargetGroupAttributesInput,
  ModifyTargetGroupAttributesInput$,
  type ModifyTargetGroupAttributesOutput,
  ModifyTargetGroupAttributesOutput$,
  type ModifyTargetGroupInput,
  ModifyTargetGroupInput$,
  type ModifyTargetGroupOutput,
  ModifyTargetGroupOutput$,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../service.ts';
import { type Context, loadBalancerOf, operation, targetGroupOf, visibleTargetGroupOf } from '../context.ts';
import { attributeViews, defaultDeregistrationDelaySeconds, withAttributes } from '../group-attributes.ts';
import { type GroupSettings, groupView, parseGroupSettings, parseHealthCheck } from '../group-settings.ts';
import { pageOf } from '../paging.ts';
import type { TargetGroup } from '../state.ts';
import { loadBalancerByGroup } from '../store.ts';
import { withTags } from '../tagging.ts';
import { required, validationError } from '../validation.ts';

export const targetGroupOperations = (context: Context) => ({
  CreateTargetGroup: operation<CreateTargetGroupInput, CreateTargetGroupOutput>(
    CreateTargetGroupInput$,
    CreateTargetGroupOutput$,
    (input) => answer(context, createTargetGroup(context, input)),
  ),
  DescribeTargetGroups: operation<DescribeTargetGroupsInput, DescribeTargetGroupsOutput>(
    DescribeTargetGroupsInput$,
    DescribeTargetGroupsOutput$,
    (input) => describe(context, input),
  ),
  ModifyTargetGroup: operation<ModifyTargetGroupInput, ModifyTargetGroupOutput>(
    ModifyTargetGroupInput$,
    ModifyTargetGroupOutput$,
    (input) => {
      const group = targetGroupOf(context, required(input.TargetGroupArn, 'targetGroupArn'));
      return answer(context, put(context, { ...group, healthCheck: parseHealthCheck(input, group.healthCheck) }));
    },
  ),
  DeleteTargetGroup: operation<DeleteTargetGroupInput, DeleteTargetGroupOutput>(
    DeleteTargetGroupInput$,
    DeleteTargetGroupOutput$,
    (input) => deleteTargetGroup(context, required(input.TargetGroupArn, 'targetGroupArn')),
  ),
  DescribeTargetGroupAttributes: operation<DescribeTargetGroupAttributesInput, DescribeTargetGroupAttributesOutput>(
    DescribeTargetGroupAttributesInput$,
    DescribeTargetGroupAttributesOutput$,
    (input) => ({
      Attributes: attributeViews(visibleTargetGroupOf(context, required(input.TargetGroupArn, 'targetGroupArn'))),
    }),
  ),
  ModifyTargetGroupAttributes: operation<ModifyTargetGroupAttributesInput, ModifyTargetGroupAttributesOutput>(
    ModifyTargetGroupAttributesInput$,
    ModifyTargetGroupAttributesOutput$,
    (input) => {
      const group = targetGroupOf(context, required(input.TargetGroupArn, 'targetGroupArn'));
      return { Attributes: attributeViews(put(context, withAttributes(group, input.Attributes))) };
    },
  ),
});

const answer = (context: Context, group: TargetGroup): CreateTargetGroupOutput => ({
  TargetGroups: [groupView(group, loadBalancerByGroup(context.store).get(group.arn))],
});

function put(context: Context, group: TargetGroup): TargetGroup {
  context.store.targetGroups.set(group.arn, group);
  context.changed();
  return group;
}

/** Idempotent for equal settings, attributes and targets aside; tags by the switch. AWS-FACTS ELBv2 "CreateTargetGroup". */
function createTargetGroup(context: Context, input: CreateTargetGroupInput): TargetGroup {
  const { store, quotas } = context;
  const settings = parseGroupSettings(input);
  const tags = withTags({}, input.Tags, quotas.tagsPerResource);
  const existing = store.groupsByName().get(settings.name);
  if (existing !== undefined) {
    return sameOrThrow(existing, { ...settings, tags: context.switches.comparesTags ? tags : existing.tags });
  }
  if (store.targetGroups.size >= quotas.targetGroups) {
    throw new ApiError(
      'TooManyTargetGroups',
      `You have reached the maximum number of target groups: ${quotas.targetGroups}`,
    );
  }
  const arn = context.arns.targetGroup(settings.name);
  context.visibility.created(arn);
  return put(context, {
    arn,
    ...settings,
    deregistrationDelaySeconds: defaultDeregistrationDelaySeconds,
    targets: [],
    tags,
  });
}

function sameOrThrow(existing: TargetGroup, wanted: GroupSettings & Pick<TargetGroup, 'tags'>): TargetGroup {
  const { name, port, vpcId, healthCheck, tags } = existing;
  if (isDeepStrictEqual({ name, port, vpcId, healthCheck, tags }, wanted)) return existing;
  throw new ApiError(
    'DuplicateTargetGroupName',
    `A target group with the same name '${name}' exists, but with different settings`,
  );
}

function describe(context: Context, input: DescribeTargetGroupsInput): DescribeTargetGroupsOutput {
  const owners = loadBalancerByGroup(context.store);
  const { items, ...next } = pageOf(select(context, input), (group) => group.name, input);
  return { TargetGroups: items.map((group) => groupView(group, owners.get(group.arn))), ...next };
}

/** In the order of their names. */
function select(context: Context, input: DescribeTargetGroupsInput): readonly TargetGroup[] {
  const { LoadBalancerArn, TargetGroupArns: arns = [], Names: names = [] } = input;
  const filters = [LoadBalancerArn !== undefined, arns.length > 0, names.length > 0].filter(Boolean);
  if (filters.length > 1) {
    throw validationError('Specify only one of load balancer ARN, target group ARNs and target group names');
  }
  const all = [...context.store.groupsByName().values()].filter((group) => context.visibility.shows(group.arn));
  if (LoadBalancerArn !== undefined) {
    const { arn } = loadBalancerOf(context, LoadBalancerArn);
    const used = context.store.wiring().groupsByLoadBalancer.get(arn);
    return all.filter((group) => used?.has(group.arn) === true);
  }
  if (arns.length === 0 && names.length === 0) return all;
  for (const arn of arns) visibleTargetGroupOf(context, arn);
  const wanted = new Set([...arns, ...named(all, names)]);
  return all.filter((group) => wanted.has(group.arn));
}

/** The ARNs of the named groups, all of which must be there. */
function named(all: readonly TargetGroup[], names: readonly string[]): readonly string[] {
  const arns = new Map(all.map((group) => [group.name, group.arn]));
  return names.map((name) => {
    const arn = arns.get(name);
    if (arn !== undefined) return arn;
    throw new ApiError('TargetGroupNotFound', `One or more target groups not found: '${name}'`);
  });
}

/** An absent one is no error. AWS-FACTS ELBv2 "delete". */
function deleteTargetGroup(context: Context, arn: string): DeleteTargetGroupOutput {
  if (loadBalancerByGroup(context.store).has(arn) || context.releases.holds(arn)) {
    throw new ApiError('ResourceInUse', `Target group '${arn}' is currently in use by a listener or a rule`);
  }
  const group = context.store.targetGroups.get(arn);
  if (group === undefined) return {};
  context.store.targetGroups.delete(arn);
  for (const target of group.targets) context.balancer.forget(target);
  context.changed();
  return {};
}
