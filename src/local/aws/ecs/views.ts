/** Tasks as the API shows them. */
import type { Attachment, Container, Task } from '@aws-sdk/client-ecs';
import type { EcsContext } from './context.ts';
import { clusterArn } from './names.ts';
import type { ContainerRecord, NetworkInterface, TaskRecord } from './state.ts';

export function taskShape(ctx: EcsContext, task: TaskRecord, withTags: boolean): Task {
  return {
    taskArn: task.arn,
    clusterArn: clusterArn(ctx, task.cluster),
    taskDefinitionArn: task.definitionArn,
    group: task.group,
    startedBy: task.startedBy,
    launchType: task.launchType,
    platformVersion: task.launchType === 'FARGATE' ? '1.4.0' : undefined,
    platformFamily: task.launchType === 'FARGATE' ? 'Linux' : undefined,
    availabilityZone: `${ctx.region}a`,
    cpu: task.cpu,
    memory: task.memory,
    overrides: task.overrides,
    lastStatus: task.lastStatus,
    desiredStatus: task.desiredStatus,
    healthStatus: 'UNKNOWN',
    connectivity: 'CONNECTED',
    version: task.version,
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    ...times(task),
    attachments: [attachmentShape(task)],
    containers: task.containers.map((container) => containerShape(task, container)),
    tags: withTags ? [...task.tags] : [],
  };
}

const TIMES = [
  'createdAt',
  'pullStartedAt',
  'pullStoppedAt',
  'startedAt',
  'stoppingAt',
  'executionStoppedAt',
  'stoppedAt',
] as const;

function times(task: TaskRecord): Partial<Record<(typeof TIMES)[number], Date>> {
  const shown: Partial<Record<(typeof TIMES)[number], Date>> = {};
  for (const name of TIMES) {
    const time = task[name];
    if (time !== undefined) {
      shown[name] = new Date(time);
    }
  }
  return shown;
}

/** AWS-FACTS ECS "ENI attachment": the address is there once the interface is attached, and spelled in two ways. */
function attachmentShape(task: TaskRecord): Attachment {
  const { network } = task;
  const details = [{ name: 'subnetId', value: network.subnetId }];
  if (hasAddress(network)) {
    details.push(
      { name: 'networkInterfaceId', value: network.interfaceId },
      { name: 'macAddress', value: network.macAddress },
      { name: 'privateDnsName', value: `ip-${network.address.replaceAll('.', '-')}.ec2.internal` },
      { name: 'privateIPv4Address', value: network.address },
    );
  }
  return { id: network.attachmentId, type: 'ElasticNetworkInterface', status: network.status, details };
}

function hasAddress({ status }: NetworkInterface): boolean {
  return status === 'ATTACHED' || status === 'DELETED';
}

function containerShape(task: TaskRecord, container: ContainerRecord): Container {
  return {
    containerArn: container.arn,
    taskArn: task.arn,
    name: container.name,
    image: container.image,
    imageDigest: container.imageDigest,
    runtimeId: container.runtimeId,
    lastStatus: container.lastStatus,
    exitCode: container.exitCode,
    reason: container.reason,
    healthStatus: 'UNKNOWN',
    networkBindings: [],
    networkInterfaces: hasAddress(task.network)
      ? [{ attachmentId: task.network.attachmentId, privateIpv4Address: task.network.address }]
      : [],
  };
}
