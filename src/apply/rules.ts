/** Listener rules. */
import type { Weights } from '../model/step.ts';
import type { WeightedTargetGroup } from '../aws/ports.ts';
import type { ApplyStep } from './context.ts';
import { notYet } from './outcome.ts';

/** One try at the planned priority: when it is taken, the next plan probes on with a fresh observation. */
export const createRule: ApplyStep<'create-rule'> = async ({ aws, pass }, { spec }) => {
  const { listenerArn, priority, host, tags, weights, targetGroupName } = spec;
  const own = weights.environment.targetGroupArn ?? pass.targetGroupArns.get(targetGroupName);
  if (own === undefined) return notYet(`target group ${targetGroupName} does not exist yet`);
  const forward = forwardOf(weights, own);
  return { ok: true, rule: await aws.elbv2.createRule({ listenerArn, priority, host, tags, forward }) };
};

export const setWeights: ApplyStep<'set-weights'> = async ({ aws }, { ruleArn, weights }) => {
  const own = weights.environment.targetGroupArn;
  if (own === undefined) return notYet(`the plan names no target group for ${ruleArn}`);
  await aws.elbv2.setRuleWeights(ruleArn, forwardOf(weights, own));
  return { ok: true };
};

export const deleteRule: ApplyStep<'delete-rule'> = async ({ aws }, { ruleArn }) => {
  await aws.elbv2.deleteRule(ruleArn);
  return { ok: true };
};

function forwardOf({ environment, frontDoor }: Weights, own: string): readonly WeightedTargetGroup[] {
  return [
    { targetGroupArn: own, weight: environment.weight },
    { targetGroupArn: frontDoor.targetGroupArn, weight: frontDoor.weight },
  ];
}
