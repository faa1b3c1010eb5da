/** Tags of clusters, task definitions and tasks. AWS-FACTS ECS "tags". */
import type {
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  Tag,
  TagResourceRequest,
  TagResourceResponse,
} from '@aws-sdk/client-ecs';
import { ApiError } from '../service.ts';
import { invalid } from './context.ts';
import type { EcsContext } from './context.ts';
import { noted } from './machine.ts';
import { clusterArn } from './names.ts';
import { taskByArn } from './state.ts';
import type { TaskRecord } from './state.ts';

const MAX_TAGS = 50;
const MAX_KEY = 128;
const MAX_VALUE = 256;

/** Throws InvalidParameterException. */
export function checkTags(tags: readonly Tag[] | undefined): Tag[] {
  const complete = (tags ?? []).map(({ key = '', value = '' }) => ({ key, value }));
  const keys = new Set(complete.map((tag) => tag.key));
  complete.forEach(checkTag);
  if (keys.size < complete.length) {
    throw invalid('Duplicate tag keys found. Tag keys must be unique.');
  }
  if (keys.size > MAX_TAGS) {
    throw invalid(`The number of tags must be at most ${MAX_TAGS}; found ${keys.size}`);
  }
  return complete;
}

/** `[BC] Tag`: neither keys nor values may start so. */
const RESERVED = /^aws:/i;
/** `[BC] Tag`: letters, digits and spaces of any language, and these. */
const ALLOWED = /^[\p{L}\p{N}\p{Z}_.:/=+@-]*$/u;

function checkTag({ key, value }: { readonly key: string; readonly value: string }): void {
  if (key === '' || key.length > MAX_KEY || RESERVED.test(key)) {
    throw invalid(`Tag keys must be 1 to ${MAX_KEY} characters and not start with aws:; found '${key}'`);
  }
  if (value.length > MAX_VALUE) {
    throw invalid(`The value of tag '${key}' must be at most ${MAX_VALUE} characters; found ${value.length}`);
  }
  if (RESERVED.test(value)) {
    throw invalid(`The value of tag '${key}' must not start with aws:; found '${value}'`);
  }
  const strange = [key, value].find((text) => !ALLOWED.test(text));
  if (strange !== undefined) {
    throw invalid(`Tags must be letters, digits, spaces and _ . : / = + - @; found '${strange}'`);
  }
}

export function tagResource(ctx: EcsContext, input: TagResourceRequest): TagResourceResponse {
  const resource = taggable(ctx, input.resourceArn ?? '');
  if (resource.task?.desiredStatus === 'STOPPED') {
    throw invalid('The specified task is stopped. Specify a running task and try again.');
  }
  const added = checkTags(input.tags);
  const kept = resource.tags.filter((tag) => !added.some((one) => one.key === tag.key));
  const merged = checkTags([...kept, ...added]);
  resource.tags.splice(0, resource.tags.length, ...merged);
  if (resource.task === undefined) {
    ctx.changed();
  } else {
    noted(ctx, resource.task);
  }
  return {};
}

export function listTagsForResource(ctx: EcsContext, input: ListTagsForResourceRequest): ListTagsForResourceResponse {
  return { tags: [...taggable(ctx, input.resourceArn ?? '').tags] };
}

interface Taggable {
  readonly tags: Tag[];
  readonly task?: TaskRecord;
}

function taggable(ctx: EcsContext, resourceArn: string): Taggable {
  const { state } = ctx;
  const task = taskByArn(state, resourceArn);
  if (task !== undefined) {
    return { tags: task.tags, task };
  }
  const definition = Object.values(state.families)
    .flat()
    .find((one) => one.definition.taskDefinitionArn === resourceArn);
  const cluster = Object.values(state.clusters).find((one) => clusterArn(ctx, one.name) === resourceArn);
  const tags = definition?.tags ?? cluster?.tags;
  if (tags === undefined) {
    throw new ApiError(
      'ResourceNotFoundException',
      `The specified resource was not found: ${resourceArn.slice(0, 300)}`,
    );
  }
  return { tags };
}
