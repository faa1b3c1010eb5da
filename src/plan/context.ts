/** The whole input of planning one environment. Everything in it is data; `now` is a value, not a clock. */
import type { Status } from '../model/environment.ts';
import type { InstallationPause } from '../model/installation.ts';
import { hostOf, targetGroupName, urlOf } from '../model/names.ts';
import type { Observed, ObservedRule, ObservedTask } from '../model/observed.ts';
import type { Policy } from '../model/policy.ts';
import type { Project } from '../model/project.ts';
import { hashOfTask, sameTask, taskHash } from '../model/task-hash.ts';
import type { Effective } from './effective.ts';
import { taskEnv } from './task-env.ts';

export interface PlanContext {
  readonly installation: string;
  /** Ed25519 public key that tasks verify control requests with. */
  readonly publicKey: string;
  readonly sessionId: string;
  readonly repo: string;
  readonly project: Project;
  readonly effective: Effective;
  readonly status: Status;
  readonly observed: Observed;
  readonly policy: Policy;
  /** Of the whole installation, when one is in force. */
  readonly pause?: InstallationPause | undefined;
  readonly now: number;
}

/** The task that is wanted, once image and commit are known. */
export interface WantedTask {
  readonly taskDefinitionArn: string;
  readonly env: Readonly<Record<string, string>>;
  readonly hash: string;
}

export function wantedTask(context: PlanContext): WantedTask | undefined {
  const { effective, observed, project } = context;
  const { image } = observed;
  if (!effective.wanted || effective.commit === undefined) return undefined;
  if (!image?.ok || image.taskDefinitionArn === undefined) return undefined;
  const env = taskEnv(context);
  const { taskDefinitionArn } = image;
  return {
    taskDefinitionArn,
    env,
    hash: taskHash({ taskDefinitionArn, env, cpu: project.cpu, memory: project.memory }),
  };
}

/** Tasks that are meant to run and have not ended. */
export function liveTasks(observed: Observed): readonly ObservedTask[] {
  return observed.tasks.filter((task) => task.desiredStatus === 'RUNNING' && !hasEnded(task));
}

export function hasEnded(task: ObservedTask): boolean {
  return task.lastStatus === 'STOPPED' || task.lastStatus === 'DELETED';
}

export function matches(context: PlanContext, task: ObservedTask, wanted: WantedTask): boolean {
  return sameTask(hashOfTask(task, context.status.attempt), wanted.hash);
}

/** Rules that forward to the environment's own target group: ours by its installation-scoped name (DESIGN §6.3). */
export function ownRules(observed: Observed): readonly ObservedRule[] {
  const { targetGroup } = observed;
  if (!targetGroup) return [];
  return observed.rules.filter((rule) => rule.forward.some((to) => to.targetGroupArn === targetGroup.arn));
}

/** Weight of the environment's target group in the rule. */
export function weightOf(rule: ObservedRule, targetGroupArn: string): number {
  return rule.forward.find((to) => to.targetGroupArn === targetGroupArn)?.weight ?? 0;
}

export function hostFor(context: PlanContext): string {
  return hostOf(context.project.listener, context.sessionId);
}

export function publicUrl(context: Pick<PlanContext, 'project' | 'sessionId'>): string {
  return urlOf(context.project.listener, context.sessionId);
}

export function groupName(context: PlanContext): string {
  return targetGroupName(context.installation, context.sessionId);
}
