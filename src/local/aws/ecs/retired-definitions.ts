/** The end of a task definition: ACTIVE → INACTIVE → DELETE_IN_PROGRESS → gone. AWS-FACTS ECS "task definitions". */
import type {
  DeleteTaskDefinitionsRequest,
  DeleteTaskDefinitionsResponse,
  DeregisterTaskDefinitionRequest,
  DeregisterTaskDefinitionResponse,
  Failure,
  TaskDefinition,
} from '@aws-sdk/client-ecs';
import { clientError, invalid } from './context.ts';
import type { EcsContext } from './context.ts';
import { definitionArn, definitionName } from './names.ts';
import type { DefinitionRecord } from './state.ts';
import { definitionShape, findDefinition } from './task-definitions.ts';

const MAX_DELETED = 10;

/** The revision stays readable, and tasks that run it run on. */
export function deregisterTaskDefinition(
  ctx: EcsContext,
  input: DeregisterTaskDefinitionRequest,
): DeregisterTaskDefinitionResponse {
  const name = input.taskDefinition ?? '';
  checkRevision(ctx, name);
  const record = findDefinition(ctx, name);
  if (record === undefined) {
    throw clientError('Unable to describe task definition.');
  }
  if (record.definition.status === 'ACTIVE') {
    record.definition.status = 'INACTIVE';
    record.deregisteredAt = ctx.clock.now();
    ctx.changed();
  }
  return { taskDefinition: definitionShape(record) };
}

/** Each on its own: what cannot be deleted is told in `failures`. Its number is not used again. */
export function deleteTaskDefinitions(
  ctx: EcsContext,
  input: DeleteTaskDefinitionsRequest,
): DeleteTaskDefinitionsResponse {
  const names = input.taskDefinitions ?? [];
  if (names.length === 0 || names.length > MAX_DELETED) {
    throw invalid(`taskDefinitions must be 1 to ${MAX_DELETED}; found ${names.length}`);
  }
  for (const name of names) {
    checkRevision(ctx, name);
  }
  const taskDefinitions: TaskDefinition[] = [];
  const failures: Failure[] = [];
  for (const name of names) {
    const record = findDefinition(ctx, name);
    const reason = whyNot(record);
    if (record === undefined || reason !== undefined) {
      failures.push({ arn: arnOf(ctx, name), reason });
    } else {
      record.definition.status = 'DELETE_IN_PROGRESS';
      record.deleteRequestedAt ??= ctx.clock.now();
      taskDefinitions.push(definitionShape(record));
      ctx.changed();
    }
  }
  return { taskDefinitions, failures };
}

function whyNot(record: DefinitionRecord | undefined): string | undefined {
  if (record === undefined) {
    return 'The specified task definition does not exist. Specify a valid account, family, revision and try again.';
  }
  return record.definition.status === 'ACTIVE'
    ? 'The specified task definition is still in ACTIVE status. Please deregister the target and try again.'
    : undefined;
}

function arnOf(ctx: EcsContext, name: string): string {
  const { family, revision = 0 } = definitionName(ctx, name);
  return definitionArn(ctx, family, revision);
}

function checkRevision(ctx: EcsContext, name: string): void {
  if (definitionName(ctx, name).revision === undefined) {
    throw invalid(`Invalid revision number. Use family:revision or an ARN; found '${name.slice(0, 200)}'`);
  }
}
