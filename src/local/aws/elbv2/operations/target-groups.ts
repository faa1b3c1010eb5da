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
import { type Context, loadBalancerOf, operation, targetGroupOf } from '../context.ts';
import { attributeViews, defaultDeregistrationDelaySeconds, withAttributes } from '../group-attributes.ts';
import { type GroupSettings, groupView, parseGroupSettings, parseHealthCheck } from '../group-settings.ts';
import { pageOf, sortedBy } from '../paging.ts';
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
      Attributes: attributeViews(targetGroupOf(context, required(input.TargetGroupArn, 'targetGroupArn'))),
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

/** Idempotent for equal settings; tags are not settings. AWS-FACTS ELBv2 "CreateTargetGroup". */
function createTargetGroup(context: Context, input: CreateTargetGroupInput): TargetGroup {
  const { store, quotas } = context;
  const settings = parseGroupSettings(input);
  const tags = withTags({}, input.Tags, quotas.tagsPerResource);
  const existing = [...store.targetGroups.values()].find((group) => group.name === settings.name);
  if (existing !== undefined) return sameOrThrow(existing, settings);
  if (store.targetGroups.size >= quotas.targetGroups) {
    throw new ApiError(
      'TooManyTargetGroups',
      `You have reached the maximum number of target groups: ${quotas.targetGroups}`,
    );
  }
  return put(context, {
    arn: context.arns.targetGroup(settings.name),
    ...settings,
    deregistrationDelaySeconds: defaultDeregistrationDelaySeconds,
    targets: [],
    tags,
  });
}

function sameOrThrow(existing: TargetGroup, wanted: GroupSettings): TargetGroup {
  const { name, port, vpcId, healthCheck } = existing;
  if (isDeepStrictEqual({ name, port, vpcId, healthCheck }, wanted)) return existing;
  throw new ApiError(
    'DuplicateTargetGroupName',
    `A target group with the same name '${name}' exists, but with different settings`,
  );
}

function describe(context: Context, input: DescribeTargetGroupsInput): DescribeTargetGroupsOutput {
  const owners = loadBalancerByGroup(context.store);
  const selected = select(context, input, owners);
  const byName = (group: TargetGroup): string => group.name;
  const { items, ...next } = pageOf(sortedBy(selected, byName), byName, input);
  return { TargetGroups: items.map((group) => groupView(group, owners.get(group.arn))), ...next };
}

function select(
  context: Context,
  input: DescribeTargetGroupsInput,
  owners: ReadonlyMap<string, string>,
): readonly TargetGroup[] {
  const { LoadBalancerArn, TargetGroupArns: arns = [], Names: names = [] } = input;
  const filters = [LoadBalancerArn !== undefined, arns.length > 0, names.length > 0].filter(Boolean);
  if (filters.length > 1) {
    throw validationError('Specify only one of load balancer ARN, target group ARNs and target group names');
  }
  const all = [...context.store.targetGroups.values()];
  if (LoadBalancerArn !== undefined) {
    loadBalancerOf(context, LoadBalancerArn);
    return all.filter((group) => owners.get(group.arn) === LoadBalancerArn);
  }
  if (arns.length > 0) return [...new Set(arns)].map((arn) => targetGroupOf(context, arn));
  return names.length > 0 ? named(all, names) : all;
}

function named(all: readonly TargetGroup[], names: readonly string[]): readonly TargetGroup[] {
  const missing = names.find((name) => !all.some((group) => group.name === name));
  if (missing === undefined) return all.filter((group) => names.includes(group.name));
  throw new ApiError('TargetGroupNotFound', `One or more target groups not found: '${missing}'`);
}

/** An absent one is no error. AWS-FACTS ELBv2 "delete". */
function deleteTargetGroup(context: Context, arn: string): DeleteTargetGroupOutput {
  if (loadBalancerByGroup(context.store).has(arn)) {
    throw new ApiError('ResourceInUse', `Target group '${arn}' is currently in use by a listener or a rule`);
  }
  const group = context.store.targetGroups.get(arn);
  if (group === undefined) return {};
  context.store.targetGroups.delete(arn);
  for (const target of group.targets) context.balancer.forget(target);
  context.changed();
  return {};
}
