/** What ECS refuses to run. Each check throws InvalidParameterException unless it says otherwise. */
import type { AwsVpcConfiguration, RunTaskRequest, TaskOverride } from '@aws-sdk/client-ecs';
import { ApiError } from '../service.ts';
import { clientError, invalid } from './context.ts';
import type { EcsContext } from './context.ts';
import { checkFargateSize } from './fargate-sizes.ts';
import type { DefinitionRecord } from './state.ts';
import { checkTags } from './tags.ts';
import { findDefinition } from './task-definitions.ts';

const MAX_COUNT = 10;
const MAX_TOKEN = 64;
const MAX_OVERRIDES = 8192;
const MAX_SUBNETS = 16;
const MAX_SECURITY_GROUPS = 5;
const PLATFORMS = ['LATEST', '1.4.0', '1.3.0'];

/** What can be said without the task definition. AWS-FACTS ECS "RunTask count" to "overrides". */
export function checkRunTask(input: RunTaskRequest): void {
  checkCount('count', input.count ?? 1, 1, MAX_COUNT);
  if (input.clientToken !== undefined && !/^[!-~]{1,64}$/.test(input.clientToken)) {
    throw invalid(`clientToken must be 1 to ${MAX_TOKEN} characters of ASCII 33 to 126`);
  }
  if (input.startedBy !== undefined && !/^[A-Za-z0-9/_-]{1,128}$/.test(input.startedBy)) {
    throw invalid(`startedBy must be 1 to 128 letters, digits, -, / and _; found '${input.startedBy.slice(0, 200)}'`);
  }
  if (input.launchType === 'EXTERNAL') {
    throw new ApiError('UnsupportedFeatureException', 'launchType EXTERNAL is not offered locally');
  }
  if (!PLATFORMS.includes(input.platformVersion ?? 'LATEST')) {
    throw new ApiError('PlatformUnknownException', `platformVersion must be one of ${PLATFORMS.join(', ')}`);
  }
  checkTags(input.tags);
}

/** The definition to run. Throws ClientException when it is unknown. */
export function runnableDefinition(ctx: EcsContext, input: RunTaskRequest): DefinitionRecord {
  const record = findDefinition(ctx, input.taskDefinition ?? '');
  if (record === undefined) {
    throw clientError('TaskDefinition not found.');
  }
  if (record.definition.status !== 'ACTIVE' && !isInWindow(ctx, record)) {
    throw clientError('TaskDefinition is inactive');
  }
  return record;
}

/** AWS-FACTS ECS "task definitions": for a while, what was deregistered still runs. */
function isInWindow(ctx: EcsContext, { deregisteredAt, definition }: DefinitionRecord): boolean {
  const since = ctx.clock.now() - (deregisteredAt ?? Number.NEGATIVE_INFINITY);
  return definition.status === 'INACTIVE' && since < ctx.deregistrationWindowMs;
}

/** What depends on the task definition. */
export function checkAgainstDefinition(ctx: EcsContext, input: RunTaskRequest, record: DefinitionRecord): void {
  const { definition } = record;
  if (definition.networkMode !== 'awsvpc') {
    throw new ApiError(
      'UnsupportedFeatureException',
      `networkMode must be awsvpc: the local AWS gives each task an address of its own; found '${definition.networkMode}'`,
    );
  }
  checkNetwork(ctx, input.networkConfiguration?.awsvpcConfiguration);
  checkOverrides(input.overrides, record);
  if (input.launchType === 'FARGATE') {
    checkFargate(input.overrides, definition);
  }
}

function checkFargate(overrides: TaskOverride | undefined, definition: DefinitionRecord['definition']): void {
  if (!definition.requiresCompatibilities?.includes('FARGATE')) {
    throw invalid('Task definition does not support launch_type FARGATE.');
  }
  checkFargateSize(overrides?.cpu ?? definition.cpu, overrides?.memory ?? definition.memory);
}

function checkNetwork(ctx: EcsContext, network: AwsVpcConfiguration | undefined): void {
  if (network === undefined) {
    throw invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  const { subnets = [], securityGroups = [], assignPublicIp = 'DISABLED' } = network;
  checkCount('subnets', subnets.length, 1, MAX_SUBNETS);
  checkCount('securityGroups', securityGroups.length, 0, MAX_SECURITY_GROUPS);
  const unknown = subnets.find((subnet) => !ctx.addresses.has(subnet));
  if (unknown !== undefined) {
    throw invalid(`Error retrieving subnet information for [${unknown}]: The subnet ID '${unknown}' does not exist`);
  }
  if (!['ENABLED', 'DISABLED'].includes(assignPublicIp)) {
    throw invalid(`assignPublicIp must be ENABLED or DISABLED; found '${assignPublicIp}'`);
  }
}

function checkCount(name: string, found: number, min: number, max: number): void {
  if (!Number.isInteger(found) || found < min || found > max) {
    throw invalid(`${name} must be ${min} to ${max}; found ${found}`);
  }
}

function checkOverrides(overrides: TaskOverride | undefined, record: DefinitionRecord): void {
  const size = JSON.stringify(overrides ?? {}).length;
  if (size > MAX_OVERRIDES) {
    throw invalid(`Overrides must be at most ${MAX_OVERRIDES} characters as JSON; found ${size}`);
  }
  for (const { name, environment = [] } of overrides?.containerOverrides ?? []) {
    if (environment.some((variable) => !variable.name)) {
      throw invalid(`Environment variables must have a name; found one without in the override of ${name}`);
    }
    if (!record.definition.containerDefinitions?.some((container) => container.name === name)) {
      throw invalid(`Override for container named ${name} is not a container in the TaskDefinition.`);
    }
  }
}
