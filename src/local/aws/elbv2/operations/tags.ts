/** AddTags, RemoveTags, DescribeTags: up to 20 resources of any kind in one call that exist and are shown. */
import {
  type AddTagsInput,
  AddTagsInput$,
  type AddTagsOutput,
  AddTagsOutput$,
  type DescribeTagsInput,
  DescribeTagsInput$,
  type DescribeTagsOutput,
  DescribeTagsOutput$,
  type RemoveTagsInput,
  RemoveTagsInput$,
  type RemoveTagsOutput,
  RemoveTagsOutput$,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { kindOfArn } from '../arns.ts';
import {
  type Context,
  listenerOf,
  loadBalancerOf,
  operation,
  visibleRuleOf,
  visibleTargetGroupOf,
} from '../context.ts';
import type { Records } from '../records.ts';
import { type Tags, tagViews, withTags } from '../tagging.ts';
import { requiredList, validationError } from '../validation.ts';

export const tagOperations = (context: Context) => ({
  AddTags: operation<AddTagsInput, AddTagsOutput>(AddTagsInput$, AddTagsOutput$, (input) => {
    const tags = requiredList(input.Tags, 'tags');
    const { tagsPerResource } = context.quotas;
    return retag(context, input.ResourceArns, (existing) => withTags(existing, tags, tagsPerResource));
  }),
  RemoveTags: operation<RemoveTagsInput, RemoveTagsOutput>(RemoveTagsInput$, RemoveTagsOutput$, (input) => {
    const keys = new Set(requiredList(input.TagKeys, 'tagKeys'));
    return retag(context, input.ResourceArns, (existing) =>
      Object.fromEntries(Object.entries(existing).filter(([key]) => !keys.has(key))),
    );
  }),
  DescribeTags: operation<DescribeTagsInput, DescribeTagsOutput>(DescribeTagsInput$, DescribeTagsOutput$, (input) => ({
    TagDescriptions: taggedAll(context, input.ResourceArns).map(({ arn, tags }) => ({
      ResourceArn: arn,
      Tags: tagViews(tags),
    })),
  })),
});

interface Tagged {
  readonly arn: string;
  readonly tags: Tags;
  setTags(tags: Tags): void;
}

/** All or nothing. */
function retag(context: Context, arns: readonly string[] | undefined, change: (tags: Tags) => Tags): object {
  const changes = taggedAll(context, arns).map((resource) => ({ resource, tags: change(resource.tags) }));
  for (const { resource, tags } of changes) resource.setTags(tags);
  context.changed();
  return {};
}

function taggedAll(context: Context, input: readonly string[] | undefined): readonly Tagged[] {
  const arns = requiredList(input, 'resourceArns');
  if (arns.length > 20) throw validationError(`At most 20 resources can be named in one call; found ${arns.length}`);
  return arns.map((arn) => tagged(context, arn));
}

function tagged(context: Context, arn: string): Tagged {
  const { store } = context;
  switch (kindOfArn(arn)) {
    case 'loadbalancer':
      return taggedIn(store.loadBalancers, loadBalancerOf(context, arn));
    case 'listener':
      return taggedIn(store.listeners, listenerOf(context, arn));
    case 'listener-rule':
      return taggedIn(store.rules, visibleRuleOf(context, arn));
    case 'targetgroup':
      return taggedIn(store.targetGroups, visibleTargetGroupOf(context, arn));
    case undefined:
      throw validationError(`'${arn}' is not a valid load balancer, listener, rule or target group ARN`);
  }
}

const taggedIn = <T extends { readonly arn: string; readonly tags: Tags }>(records: Records<T>, record: T): Tagged => ({
  arn: record.arn,
  tags: record.tags,
  setTags: (tags) => void records.set(record.arn, { ...record, tags }),
});
