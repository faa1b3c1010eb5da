/** Task definitions: families of numbered revisions that never change. AWS-FACTS ECS "task definitions". */
import type {
  DescribeTaskDefinitionRequest,
  DescribeTaskDefinitionResponse,
  ListTaskDefinitionsRequest,
  ListTaskDefinitionsResponse,
  RegisterTaskDefinitionRequest,
  RegisterTaskDefinitionResponse,
  TaskDefinition,
} from '@aws-sdk/client-ecs';
import { pageSize, paginate } from '../paging.ts';
import { clientError } from './context.ts';
import type { EcsContext } from './context.ts';
import { checkDefinition } from './definition-check.ts';
import { definitionArn, definitionName } from './names.ts';
import { registerRace } from './refusals.ts';
import type { DefinitionRecord } from './state.ts';
import { checkTags } from './tags.ts';

const MAX_REVISIONS = 1_000_000;

/** Not idempotent: every call makes a revision. Numbers are never used again. */
export function registerTaskDefinition(
  ctx: EcsContext,
  input: RegisterTaskDefinitionRequest,
): RegisterTaskDefinitionResponse {
  const { tags: inputTags, ...settings } = input;
  const tags = checkTags(inputTags);
  checkDefinition(input);
  const family = input.family ?? '';
  const revisions = revisionsOf(ctx, family);
  const revision = nextRevision(ctx, revisions.at(-1));
  const fargate = input.requiresCompatibilities?.includes('FARGATE');
  const record: DefinitionRecord = {
    definition: {
      volumes: [],
      placementConstraints: [],
      networkMode: 'bridge',
      ...settings,
      containerDefinitions: settings.containerDefinitions?.map((container) => ({ essential: true, ...container })),
      taskDefinitionArn: definitionArn(ctx, family, revision),
      revision,
      status: 'ACTIVE',
      compatibilities: fargate ? ['EC2', 'FARGATE'] : ['EC2'],
    },
    registeredAt: ctx.clock.now(),
    tags,
  };
  ctx.state.families[family] = [...revisions, record];
  ctx.changed();
  return { taskDefinition: definitionShape(record), tags: [...tags] };
}

/** Deleted revisions count too. */
function nextRevision(ctx: EcsContext, last: DefinitionRecord | undefined): number {
  if (last !== undefined && ctx.clock.now() - last.registeredAt < ctx.registerRaceMs) {
    throw registerRace();
  }
  const revision = (last?.definition.revision ?? 0) + 1;
  if (revision > MAX_REVISIONS) {
    throw clientError(`A family must have at most ${MAX_REVISIONS} revisions, deleted ones included.`);
  }
  return revision;
}

export function describeTaskDefinition(
  ctx: EcsContext,
  input: DescribeTaskDefinitionRequest,
): DescribeTaskDefinitionResponse {
  const record = findDefinition(ctx, input.taskDefinition ?? '');
  if (record === undefined) {
    throw clientError('Unable to describe task definition.');
  }
  const tags = input.include?.includes('TAGS') ? [...record.tags] : undefined;
  return { taskDefinition: definitionShape(record), tags };
}

/** Ordered by family, then revision. */
export function listTaskDefinitions(ctx: EcsContext, input: ListTaskDefinitionsRequest): ListTaskDefinitionsResponse {
  const status = input.status ?? 'ACTIVE';
  const families = Object.keys(ctx.state.families)
    .filter((family) => input.familyPrefix === undefined || family === input.familyPrefix)
    .sort();
  const ascending = families.flatMap((family) => revisionsOf(ctx, family));
  const ordered = input.sort === 'DESC' ? ascending.reverse() : ascending;
  // Revisions are never removed, so a position in the whole list of one status would move only when that changes.
  const numbered = ordered
    .map((record, index) => ({ record, index }))
    .filter(({ record }) => record.definition.status === status && !isGone(ctx, record));
  const request = { limit: pageSize('maxResults', input.maxResults, 100), token: input.nextToken };
  const page = paginate(numbered, (one) => one.index, request);
  return {
    taskDefinitionArns: page.items.map(({ record }) => record.definition.taskDefinitionArn ?? ''),
    nextToken: page.nextToken,
  };
}

/** A family alone means its newest ACTIVE revision. Throws ClientException for a malformed name. */
export function findDefinition(ctx: EcsContext, name: string): DefinitionRecord | undefined {
  const { family, revision } = definitionName(ctx, name);
  const record = revisionsOf(ctx, family).findLast(({ definition }) =>
    revision === undefined ? definition.status === 'ACTIVE' : definition.revision === revision,
  );
  return record !== undefined && isGone(ctx, record) ? undefined : record;
}

/** What is being deleted stays until no task runs it. */
function isGone(ctx: EcsContext, { definition }: DefinitionRecord): boolean {
  return (
    definition.status === 'DELETE_IN_PROGRESS' &&
    !Object.values(ctx.state.tasks).some(
      (task) => task.definitionArn === definition.taskDefinitionArn && task.stoppedAt === undefined,
    )
  );
}

function revisionsOf(ctx: EcsContext, family: string): DefinitionRecord[] {
  return Object.hasOwn(ctx.state.families, family) ? (ctx.state.families[family] ?? []) : [];
}

export function definitionShape(record: DefinitionRecord): TaskDefinition {
  return {
    ...record.definition,
    registeredAt: new Date(record.registeredAt),
    ...(record.deregisteredAt !== undefined && { deregisteredAt: new Date(record.deregisteredAt) }),
    ...(record.deleteRequestedAt !== undefined && { deleteRequestedAt: new Date(record.deleteRequestedAt) }),
  };
}
