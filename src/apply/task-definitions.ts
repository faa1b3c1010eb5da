/** Registering the base task definition with another image. */
import { AwsError } from '../aws/errors.ts';
import type { ApplyStep } from './context.ts';

export const registerTaskDefinition: ApplyStep<'register-task-definition'> = async ({ aws }, { spec }) => {
  const { baseArn, family, container, image } = spec;
  try {
    return { ok: true, taskDefinitionArn: await aws.ecs.registerWithImage(baseArn, family, container, image) };
  } catch (error) {
    if (!(error instanceof AwsError && error.kind === 'not-found')) throw error;
    return { ok: false, reason: 'TaskDefinitionNotFound', message: error.message, terminal: true };
  }
};
