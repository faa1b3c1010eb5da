/** What ECS refuses to register. */
import type { ContainerDefinition, LogConfiguration, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { clientError } from './context.ts';
import { checkFargateSize } from './fargate-sizes.ts';

const MAX_CONTAINERS = 10;
/** Fargate's bound on `stopTimeout`, in seconds. */
const MAX_STOP_TIMEOUT = 120;

/** Throws ClientException. */
export function checkDefinition(input: RegisterTaskDefinitionRequest): void {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(input.family ?? '')) {
    throw clientError(
      `family must be 1 to 255 letters, digits, _ and -; found '${(input.family ?? '').slice(0, 100)}'`,
    );
  }
  const containers = input.containerDefinitions ?? [];
  checkContainers(containers);
  if (input.requiresCompatibilities?.includes('FARGATE')) {
    if (input.networkMode !== 'awsvpc') {
      throw clientError("Fargate only supports network mode 'awsvpc'.");
    }
    checkFargateSize(input.cpu, input.memory);
  }
}

function checkContainers(containers: readonly ContainerDefinition[]): void {
  if (containers.length === 0 || containers.length > MAX_CONTAINERS) {
    throw clientError(`A task definition must have 1 to ${MAX_CONTAINERS} containers; found ${containers.length}`);
  }
  const names = new Set(containers.map((container) => container.name));
  if (names.size < containers.length) {
    throw clientError('Container names must be unique within a task definition.');
  }
  if (containers.every((container) => container.essential === false)) {
    throw clientError('At least one container must be essential.');
  }
  for (const container of containers) {
    checkContainer(container);
  }
}

function checkContainer(container: ContainerDefinition): void {
  const { name = '', image = '', stopTimeout = 0 } = container;
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) {
    throw clientError(`Container.name must be 1 to 255 letters, digits, _ and -; found '${name}'`);
  }
  if (image === '') {
    throw clientError('Container.image should not be null or empty.');
  }
  if (stopTimeout < 0 || stopTimeout > MAX_STOP_TIMEOUT) {
    throw clientError(`Container.stopTimeout must be 0 to ${MAX_STOP_TIMEOUT} seconds; found ${stopTimeout}`);
  }
  checkLog(container.logConfiguration);
}

function checkLog(log: LogConfiguration | undefined): void {
  if (log?.logDriver === 'awslogs' && (log.options?.['awslogs-group'] ?? '') === '') {
    throw clientError("Log driver awslogs requires options: 'awslogs-group', 'awslogs-region'");
  }
}
