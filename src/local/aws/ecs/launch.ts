/** From a container of a task definition to a process: its image, command, environment and log. */
import type { ContainerDefinition, ContainerOverride, KeyValuePair } from '@aws-sdk/client-ecs';
import type { StoredImage } from '../images.ts';
import type { ContainerSpec } from '../runner/port.ts';
import type { EcsContext } from './context.ts';
import type { ContainerRecord, TaskRecord } from './state.ts';
import { findDefinition } from './task-definitions.ts';

export type PreparedContainer =
  | { readonly ok: true; readonly image: StoredImage; readonly spec: ContainerSpec }
  /** As ECS words it in `stoppedReason`. */
  | { readonly ok: false; readonly reason: string };

/**
 * What ECS does between attaching the interface and starting: pulls the image, opens the log. Secrets, mounts,
 * dependencies between containers and health checks have no counterpart here; a container that needs secrets is not
 * started without them, the others are ignored.
 */
export function prepareContainer(ctx: EcsContext, task: TaskRecord, container: ContainerRecord): PreparedContainer {
  const definition = definitionOf(ctx, task, container.name);
  const image = ctx.images.resolve(container.image);
  if (image === undefined) {
    const { image: ref } = container;
    return {
      ok: false,
      reason: `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${ref}: ${ref}: not found`,
    };
  }
  if (definition.secrets?.length) {
    const names = definition.secrets.map((secret) => secret.name).join(', ');
    return {
      ok: false,
      reason: `ResourceInitializationError: unable to pull secrets or registry auth: there are no secrets in the local AWS (${names})`,
    };
  }
  const log = openLog(ctx, task, definition);
  if (!log.ok) {
    return log;
  }
  return { ok: true, image, spec: specOf(task, { container, definition, image, write: log.write }) };
}

interface Parts {
  readonly container: ContainerRecord;
  readonly definition: ContainerDefinition;
  readonly image: StoredImage;
  readonly write: (line: string) => void;
}

function specOf(task: TaskRecord, { container, definition, image, write }: Parts): ContainerSpec {
  const override = task.overrides.containerOverrides?.find((one) => one.name === container.name);
  return {
    name: `${task.id}-${container.name}`,
    command: commandOf(image, definition, override),
    address: task.network.address,
    env: {
      ...image.env,
      ...toRecord(definition.environment),
      ...toRecord(override?.environment),
      // Stands for a network namespace: what listens, listens there.
      BIND_ADDRESS: task.network.address,
    },
    log: write,
  };
}

/** Docker's rule: a command replaces the image's; an entry point goes before it, and drops the image's. */
function commandOf(
  image: StoredImage,
  definition: ContainerDefinition,
  override: ContainerOverride | undefined,
): readonly string[] {
  const command = [override?.command, definition.command].find((one) => one?.length);
  const entryPoint = definition.entryPoint ?? [];
  return entryPoint.length > 0 ? [...entryPoint, ...(command ?? [])] : (command ?? image.command);
}

function toRecord(pairs: readonly KeyValuePair[] | undefined): Record<string, string> {
  return Object.fromEntries((pairs ?? []).map(({ name, value }) => [name ?? '', value ?? '']));
}

type Log =
  | { readonly ok: true; readonly write: (line: string) => void }
  | { readonly ok: false; readonly reason: string };

/** The awslogs driver: group `awslogs-group`, stream `{prefix}/{container}/{taskId}`. Other drivers keep nothing. */
function openLog(ctx: EcsContext, task: TaskRecord, definition: ContainerDefinition): Log {
  const { logDriver, options = {} } = definition.logConfiguration ?? {};
  if (logDriver !== 'awslogs') {
    return { ok: true, write: () => undefined };
  }
  const group = options['awslogs-group'] ?? '';
  const prefix = options['awslogs-stream-prefix'];
  const stream = prefix === undefined ? task.id : `${prefix}/${definition.name}/${task.id}`;
  if (options['awslogs-create-group'] === 'true') {
    ctx.logs.createGroup(group);
  }
  if (!ctx.logs.createStream(group, stream)) {
    return {
      ok: false,
      reason: `ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. (${group})`,
    };
  }
  return { ok: true, write: (line) => ctx.logs.append(group, stream, line) };
}

export function definitionOf(ctx: EcsContext, task: TaskRecord, container: string): ContainerDefinition {
  const record = findDefinition(ctx, task.definitionArn);
  return record?.definition.containerDefinitions?.find((one) => one.name === container) ?? {};
}
