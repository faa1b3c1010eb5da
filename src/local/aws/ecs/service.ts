/** Elastic Container Service: the table of its operations over one state. */
import {
  CreateClusterRequest$,
  CreateClusterResponse$,
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
import type { LocalClock, Operation, Service } from '../service.ts';
import { makeAddressPool } from './addresses.ts';
import { createCluster, describeClusters } from './clusters.ts';
import type { EcsContext, EcsOptions, TaskTimings } from './context.ts';
import { makeLifeCycle } from './life-cycle.ts';
import type { StopReason } from './life-cycle.ts';
import { runTask } from './run-task.ts';
import { emptyEcsState } from './state.ts';
import type { EcsState } from './state.ts';
import { listTagsForResource, tagResource } from './tags.ts';
import {
  deregisterTaskDefinition,
  describeTaskDefinition,
  listTaskDefinitions,
  registerTaskDefinition,
} from './task-definitions.ts';
import { describeTasks, listTasks, stopTask } from './tasks.ts';

export interface Ecs {
  readonly service: Service;
  /** To read. */
  readonly state: EcsState;
  /** Stops a running task as the infrastructure would; false when there is none with this ARN. */
  interrupt(taskArn: string, why: StopReason): boolean;
  /** Refuses new tasks, stops all others, and resolves when they are STOPPED. */
  close(): Promise<void>;
}

/** What must be given; the rest of EcsOptions has defaults. */
type Needed = 'account' | 'region' | 'random' | 'runner' | 'images' | 'logs' | 'subnets';

export type EcsSettings = Pick<EcsOptions, Needed> & { readonly clock: LocalClock } & Partial<EcsOptions>;

/** A walk through all statuses that people can follow and tests can wait for. */
export const DEFAULT_TIMINGS: TaskTimings = {
  provisioning: 20,
  pending: 20,
  activating: 0,
  deactivating: 20,
  deprovisioning: 20,
};

/** AWS-FACTS ECS "StopTask". */
const DEFAULT_STOP_TIMEOUT_SECONDS = 30;

export function makeEcs(settings: EcsSettings): Ecs {
  const ctx: EcsContext = {
    timings: () => DEFAULT_TIMINGS,
    stopTimeoutSeconds: DEFAULT_STOP_TIMEOUT_SECONDS,
    visibilityLagMs: () => 0,
    failRunTask: () => undefined,
    state: emptyEcsState(),
    changed: () => undefined,
    ...settings,
    addresses: makeAddressPool(settings.subnets),
  };
  const lifeCycle = makeLifeCycle(ctx);
  let closed = false;
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
    ListTaskDefinitions: on([ListTaskDefinitionsRequest$, ListTaskDefinitionsResponse$], listTaskDefinitions),
    RunTask: on([RunTaskRequest$, RunTaskResponse$], (_, input: Parameters<typeof runTask>[2]) => {
      if (closed) {
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
  return {
    service: { protocol: 'json1.1', target: 'AmazonEC2ContainerServiceV20141113', signingName: 'ecs', operations },
    state: ctx.state,
    interrupt(taskArn, why) {
      const task = Object.values(ctx.state.tasks).find((one) => one.arn === taskArn);
      if (task === undefined || task.desiredStatus === 'STOPPED') {
        return false;
      }
      lifeCycle.stop(task, why);
      return true;
    },
    close() {
      closed = true;
      return lifeCycle.close();
    },
  };
}
