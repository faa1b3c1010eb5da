/** The table of operations: each with the SDK's schemas of its input and output. */
import {
  CreateClusterRequest$,
  CreateClusterResponse$,
  DeleteTaskDefinitionsRequest$,
  DeleteTaskDefinitionsResponse$,
  DeregisterTaskDefinitionRequest$,
  DeregisterTaskDefinitionResponse$,
  DescribeClustersRequest$,
  DescribeClustersResponse$,
  DescribeTaskDefinitionRequest$,
  DescribeTaskDefinitionResponse$,
  DescribeTasksRequest$,
  DescribeTasksResponse$,
  ListTagsForResourceRequest$,
  ListTagsForResourceResponse$,
  ListTaskDefinitionsRequest$,
  ListTaskDefinitionsResponse$,
  ListTasksRequest$,
  ListTasksResponse$,
  RegisterTaskDefinitionRequest$,
  RegisterTaskDefinitionResponse$,
  RunTaskRequest$,
  RunTaskResponse$,
  StopTaskRequest$,
  StopTaskResponse$,
  TagResourceRequest$,
  TagResourceResponse$,
} from '@aws-sdk/client-ecs';
import type { StaticStructureSchema } from '@smithy/types';
import { ApiError } from '../service.ts';
import type { Operation, Service } from '../service.ts';
import { createCluster, describeClusters } from './clusters.ts';
import type { EcsContext } from './context.ts';
import type { LifeCycle } from './life-cycle.ts';
import { deleteTaskDefinitions, deregisterTaskDefinition } from './retired-definitions.ts';
import { runTask } from './run-task.ts';
import { listTagsForResource, tagResource } from './tags.ts';
import { describeTaskDefinition, listTaskDefinitions, registerTaskDefinition } from './task-definitions.ts';
import { describeTasks, listTasks, stopTask } from './tasks.ts';

export function operationsOf(ctx: EcsContext, lifeCycle: LifeCycle, isClosed: () => boolean): Service['operations'] {
  const on = <Input, Output extends object>(
    schemas: readonly [StaticStructureSchema, StaticStructureSchema],
    handle: (ctx: EcsContext, input: Input) => Output,
  ): Operation<Input, Output> => ({ input: schemas[0], output: schemas[1], handle: (input) => handle(ctx, input) });

  const operations: Service['operations'] = {
    CreateCluster: on([CreateClusterRequest$, CreateClusterResponse$], createCluster),
    DescribeClusters: on([DescribeClustersRequest$, DescribeClustersResponse$], describeClusters),
    RegisterTaskDefinition: on(
      [RegisterTaskDefinitionRequest$, RegisterTaskDefinitionResponse$],
      registerTaskDefinition,
    ),
    DescribeTaskDefinition: on(
      [DescribeTaskDefinitionRequest$, DescribeTaskDefinitionResponse$],
      describeTaskDefinition,
    ),
    DeregisterTaskDefinition: on(
      [DeregisterTaskDefinitionRequest$, DeregisterTaskDefinitionResponse$],
      deregisterTaskDefinition,
    ),
    DeleteTaskDefinitions: on([DeleteTaskDefinitionsRequest$, DeleteTaskDefinitionsResponse$], deleteTaskDefinitions),
    ListTaskDefinitions: on([ListTaskDefinitionsRequest$, ListTaskDefinitionsResponse$], listTaskDefinitions),
    RunTask: on([RunTaskRequest$, RunTaskResponse$], (_, input: Parameters<typeof runTask>[2]) => {
      if (isClosed()) {
        throw new ApiError('ServerException', 'The local AWS is shutting down', 500);
      }
      return runTask(ctx, lifeCycle, input);
    }),
    ListTasks: on([ListTasksRequest$, ListTasksResponse$], listTasks),
    DescribeTasks: on([DescribeTasksRequest$, DescribeTasksResponse$], describeTasks),
    StopTask: on([StopTaskRequest$, StopTaskResponse$], (_, input: Parameters<typeof stopTask>[2]) =>
      stopTask(ctx, lifeCycle, input),
    ),
    TagResource: on([TagResourceRequest$, TagResourceResponse$], tagResource),
    ListTagsForResource: on([ListTagsForResourceRequest$, ListTagsForResourceResponse$], listTagsForResource),
  };
  return Object.fromEntries(Object.entries(operations).map(([name, one]) => [name, refusable(ctx, name, one)]));
}

function refusable(ctx: EcsContext, name: string, operation: Operation<never, object>): Operation<never, object> {
  return {
    ...operation,
    handle(input) {
      const refusal = ctx.refuse(name, input);
      if (refusal !== undefined) {
        throw refusal;
      }
      return operation.handle(input);
    },
  };
}
