/** All facts and all cases. */
import type { Case } from './arena.ts';
import { DYNAMODB_CASES } from './cases/dynamodb.ts';
import { ECS_CLIENT_TOKEN_CASES } from './cases/ecs-client-token.ts';
import { ECS_LIFE_CYCLE_CASES } from './cases/ecs-life-cycle.ts';
import { ECS_READING_CASES } from './cases/ecs-reading.ts';
import { ECS_RUN_TASK_CASES } from './cases/ecs-run-task.ts';
import { ECS_TASK_DEFINITION_CASES } from './cases/ecs-task-definitions.ts';
import { ELBV2_GROUP_CASES } from './cases/elbv2-groups.ts';
import { ELBV2_RULE_CASES } from './cases/elbv2-rules.ts';
import { ELBV2_TARGET_CASES } from './cases/elbv2-targets.ts';
import { THROTTLING_CASES } from './cases/throttling.ts';
import { LOGS_ECR_CASES } from './cases/logs-ecr.ts';
import type { Fact } from './fact.ts';
import { DYNAMODB_FACTS } from './facts-dynamodb.ts';
import { ECS_FACTS } from './facts-ecs.ts';
import { ELBV2_FACTS } from './facts-elbv2.ts';
import { LOGS_ECR_IAM_FACTS } from './facts-logs-ecr-iam.ts';

export const FACTS: readonly Fact[] = [...ECS_FACTS, ...ELBV2_FACTS, ...DYNAMODB_FACTS, ...LOGS_ECR_IAM_FACTS];

export const CASES: readonly Case[] = [
  ...ECS_RUN_TASK_CASES,
  ...ECS_CLIENT_TOKEN_CASES,
  ...ECS_READING_CASES,
  ...ECS_LIFE_CYCLE_CASES,
  ...ECS_TASK_DEFINITION_CASES,
  ...ELBV2_GROUP_CASES,
  ...ELBV2_RULE_CASES,
  ...ELBV2_TARGET_CASES,
  ...THROTTLING_CASES,
  ...DYNAMODB_CASES,
  ...LOGS_ECR_CASES,
];
