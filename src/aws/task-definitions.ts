/** Task definitions: describing them, and registering one with another image. */
import {
  type ContainerDefinition,
  DescribeTaskDefinitionCommand,
  type DescribeTaskDefinitionCommandOutput,
  type ECSClient,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  type TaskDefinition as SdkTaskDefinition,
  type Tag,
} from '@aws-sdk/client-ecs';
import type { Call } from './call.ts';
import { required, undefinedIfNotFound } from './classify.ts';
import { AwsError } from './errors.ts';
import type { EcsPort, TaskDefinition, TaskDefinitionContainer } from './ports.ts';

/** The members of a description that a registration accepts and that make the task what it is. */
const COPIED = [
  'taskRoleArn',
  'executionRoleArn',
  'networkMode',
  'volumes',
  'placementConstraints',
  'requiresCompatibilities',
  'cpu',
  'memory',
  'runtimePlatform',
  'ephemeralStorage',
  'proxyConfiguration',
  'pidMode',
  'ipcMode',
  'inferenceAccelerators',
] as const satisfies readonly (keyof SdkTaskDefinition & keyof RegisterTaskDefinitionCommandInput)[];

export function makeTaskDefinitions(
  client: ECSClient,
  call: Call,
): Pick<EcsPort, 'describeTaskDefinition' | 'registerWithImage'> {
  const describe = async (name: string): Promise<DescribeTaskDefinitionCommandOutput | undefined> => {
    const command = new DescribeTaskDefinitionCommand({ taskDefinition: name, include: ['TAGS'] });
    return call('ecs:DescribeTaskDefinition', (options) => client.send(command, options)).catch(undefinedIfNotFound);
  };

  const register = async (wanted: Registration): Promise<string> => {
    const registered = await describe(wanted.family);
    if (runs(registered, wanted)) return toTaskDefinition(registered?.taskDefinition).arn;
    const input = withImage(await describe(wanted.base), wanted);
    const command = new RegisterTaskDefinitionCommand(input);
    const answer = await call('ecs:RegisterTaskDefinition', (options) => client.send(command, options));
    return required(answer.taskDefinition?.taskDefinitionArn, 'ecs:RegisterTaskDefinition', 'taskDefinitionArn');
  };

  // Registering is not idempotent, and two at once in a family is an error (AWS-FACTS ECS "Register race").
  const underWay = new Map<string, Promise<string>>();
  return {
    async describeTaskDefinition(name) {
      const answer = await describe(name);
      return answer && toTaskDefinition(answer.taskDefinition);
    },
    registerWithImage(base, family, container, image) {
      const key = JSON.stringify([base, family, container, image]);
      const running = underWay.get(key);
      if (running) return running;
      const registering = register({ base, family, container, image }).finally(() => underWay.delete(key));
      underWay.set(key, registering);
      return registering;
    },
  };
}

function toTaskDefinition(definition: SdkTaskDefinition | undefined): TaskDefinition {
  const operation = 'ecs:DescribeTaskDefinition';
  return {
    arn: required(definition?.taskDefinitionArn, operation, 'taskDefinitionArn'),
    active: definition?.status === 'ACTIVE',
    containers: (definition?.containerDefinitions ?? []).map(toContainer),
  };
}

function toContainer({ name = '', image = '', logConfiguration }: ContainerDefinition): TaskDefinitionContainer {
  return { name, image, log: logOf(logConfiguration) };
}

/** On Fargate the driver needs a prefix; without one the stream's name is Docker's id, which nobody here knows. */
function logOf(configuration: ContainerDefinition['logConfiguration']): TaskDefinitionContainer['log'] {
  const { 'awslogs-group': group, 'awslogs-stream-prefix': streamPrefix } = configuration?.options ?? {};
  if (configuration?.logDriver !== 'awslogs' || !group || !streamPrefix) return undefined;
  return { group, streamPrefix };
}

interface Registration {
  readonly base: string;
  readonly family: string;
  readonly container: string;
  readonly image: string;
}

/** Somebody who also saw no such revision may have registered it since. */
function runs(described: DescribeTaskDefinitionCommandOutput | undefined, { container, image }: Registration): boolean {
  const { active, containers } = described
    ? toTaskDefinition(described.taskDefinition)
    : { active: false, containers: [] };
  return active && containers.some((one) => one.name === container && one.image === image);
}

function withImage(
  described: DescribeTaskDefinitionCommandOutput | undefined,
  { base, family, container, image }: Registration,
): RegisterTaskDefinitionCommandInput {
  const definition = described?.taskDefinition;
  const containers = definition?.containerDefinitions ?? [];
  if (!definition || !containers.some(({ name }) => name === container)) {
    const found = definition ? containers.map(({ name }) => name).join(', ') : 'no such task definition';
    const message = `task definition ${base} has no container ${container}; found: ${found}`;
    throw new AwsError('not-found', 'TaskDefinitionNotFound', 'ecs:RegisterTaskDefinition', message);
  }
  const tags = (described.tags ?? []).filter(isOurs);
  return {
    ...Object.fromEntries(COPIED.filter((key) => definition[key] !== undefined).map((key) => [key, definition[key]])),
    family,
    containerDefinitions: containers.map((one) => (one.name === container ? { ...one, image } : one)),
    ...(tags.length > 0 ? { tags } : {}),
  };
}

/** Tags that AWS itself set, e.g. CloudFormation's, cannot be given. AWS-FACTS ECS "tags". */
function isOurs({ key = '' }: Tag): boolean {
  return !key.toLowerCase().startsWith('aws:');
}
