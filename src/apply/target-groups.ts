/** Target groups and their targets. */
import type { ApplyStep } from './context.ts';

export const createTargetGroup: ApplyStep<'create-target-group'> = async ({ aws, pass }, { spec }) => {
  const arn = await aws.elbv2.createTargetGroup(spec);
  pass.targetGroupArns.set(spec.name, arn);
  return { ok: true, targetGroup: { arn, name: spec.name } };
};

export const completeTargetGroup: ApplyStep<'complete-target-group'> = async ({ aws }, step) => {
  await aws.elbv2.setDeregistrationDelay(step.targetGroupArn, step.deregistrationDelaySeconds);
  return { ok: true };
};

export const modifyTargetGroup: ApplyStep<'modify-target-group'> = async ({ aws }, { targetGroupArn, healthCheck }) => {
  await aws.elbv2.setHealthCheck(targetGroupArn, healthCheck);
  return { ok: true };
};

export const deleteTargetGroup: ApplyStep<'delete-target-group'> = async ({ aws, pass }, { targetGroupArn }) => {
  await aws.elbv2.deleteTargetGroup(targetGroupArn);
  for (const [name, arn] of pass.targetGroupArns) if (arn === targetGroupArn) pass.targetGroupArns.delete(name);
  return { ok: true };
};

export const registerTarget: ApplyStep<'register-target'> = async ({ aws }, { targetGroupArn, ip, port }) => {
  await aws.elbv2.registerTarget(targetGroupArn, ip, port);
  return { ok: true };
};

export const deregisterTarget: ApplyStep<'deregister-target'> = async ({ aws }, { targetGroupArn, ip, port }) => {
  await aws.elbv2.deregisterTarget(targetGroupArn, ip, port);
  return { ok: true };
};
