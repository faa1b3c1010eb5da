import type {
  Cluster,
  CreateClusterRequest,
  CreateClusterResponse,
  DescribeClustersRequest,
  DescribeClustersResponse,
} from '@aws-sdk/client-ecs';
import { ApiError } from '../service.ts';
import { invalid } from './context.ts';
import type { EcsContext } from './context.ts';
import { clusterArn, clusterName } from './names.ts';
import type { ClusterRecord } from './state.ts';
import { checkTags } from './tags.ts';

/** By name or ARN; `default` when absent. Throws ClusterNotFoundException. */
export function clusterOf(ctx: EcsContext, nameOrArn: string | undefined): ClusterRecord {
  const cluster = findCluster(ctx, nameOrArn);
  if (cluster === undefined) {
    throw new ApiError('ClusterNotFoundException', 'Cluster not found.');
  }
  return cluster;
}

function findCluster(ctx: EcsContext, nameOrArn: string | undefined): ClusterRecord | undefined {
  const name = clusterName(ctx, nameOrArn);
  return Object.hasOwn(ctx.state.clusters, name) ? ctx.state.clusters[name] : undefined;
}

/** Creating one that exists answers with it. */
export function createCluster(ctx: EcsContext, input: CreateClusterRequest): CreateClusterResponse {
  const name = input.clusterName ?? 'default';
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) {
    throw invalid(`clusterName must be 1 to 255 letters, digits, _ and -; found '${name.slice(0, 100)}'`);
  }
  const tags = checkTags(input.tags);
  const existing = findCluster(ctx, name);
  const cluster = existing ?? { name, tags };
  if (existing === undefined) {
    ctx.state.clusters[name] = cluster;
    ctx.changed();
  }
  return { cluster: clusterShape(ctx, cluster, true) };
}

const MAX_DESCRIBED = 100;

export function describeClusters(ctx: EcsContext, input: DescribeClustersRequest): DescribeClustersResponse {
  const wanted = input.clusters?.length ? input.clusters : ['default'];
  if (wanted.length > MAX_DESCRIBED) {
    throw invalid(`clusters must be at most ${MAX_DESCRIBED}; found ${wanted.length}`);
  }
  const withTags = input.include?.includes('TAGS') ?? false;
  const clusters: Cluster[] = [];
  const failures: { arn: string; reason: string }[] = [];
  for (const nameOrArn of wanted) {
    const cluster = findCluster(ctx, nameOrArn);
    if (cluster === undefined) {
      const arn = nameOrArn.startsWith('arn:') ? nameOrArn : clusterArn(ctx, nameOrArn);
      failures.push({ arn, reason: 'MISSING' });
    } else {
      clusters.push(clusterShape(ctx, cluster, withTags));
    }
  }
  return { clusters, failures };
}

function clusterShape(ctx: EcsContext, cluster: ClusterRecord, withTags: boolean): Cluster {
  const tasks = ctx.index.listed({ cluster: cluster.name, desiredStatus: 'RUNNING' });
  return {
    clusterArn: clusterArn(ctx, cluster.name),
    clusterName: cluster.name,
    status: 'ACTIVE',
    registeredContainerInstancesCount: 0,
    runningTasksCount: tasks.filter((task) => task.lastStatus === 'RUNNING').length,
    pendingTasksCount: tasks.filter((task) => ['PROVISIONING', 'PENDING', 'ACTIVATING'].includes(task.lastStatus))
      .length,
    activeServicesCount: 0,
    capacityProviders: [],
    defaultCapacityProviderStrategy: [],
    tags: withTags ? [...cluster.tags] : [],
  };
}
