/** What an operator may leave behind: task, target group and rule as Mayfly makes them, and no record. */
import { hostOf, targetGroupName } from '../../src/model/names.ts';
import { tagsFor } from '../../src/plan/tasks.ts';
import { INSTALLATION } from '../aws/local-world.ts';
import type { ControllerWorld } from './world.ts';

/** ARNs. */
export interface Made {
  readonly group: string;
  readonly rule: string;
  readonly task: string;
}

export type Tags = Readonly<Record<string, string>>;

/** How many there are, of whatever session; rules of anybody. */
export type Left = Record<'tasks' | 'groups' | 'rules', number>;

let priority = 2_000;

export async function makeLeftOver(
  world: ControllerWorld,
  session: string,
  tags: Tags = tagsFor(INSTALLATION, session, 'web'),
): Promise<Made> {
  const { aws, request, project } = world.local;
  const outcome = await aws.ecs.runTask(request(session), `token-${session}`);
  const group = await aws.elbv2.createTargetGroup({
    name: targetGroupName(INSTALLATION, session),
    vpcId: 'vpc-1',
    port: 3001,
    healthPath: '/',
    healthIntervalSeconds: 5,
    deregistrationDelaySeconds: 30,
    tags,
  });
  const rule = await ruleTo(world, group, hostOf(project.listener, session), tags);
  return { group, rule, task: outcome.ok ? outcome.task.arn : '' };
}

export async function ruleTo({ local }: ControllerWorld, group: string, host: string, tags: Tags): Promise<string> {
  const { aws, project, frontDoorArn } = local;
  const made = await aws.elbv2.createRule({
    listenerArn: project.listener.arn,
    priority: (priority += 1),
    host,
    tags,
    forward: [
      { targetGroupArn: group, weight: 1 },
      { targetGroupArn: frontDoorArn, weight: 0 },
    ],
  });
  return made.arn;
}

export async function whatIsLeft({ local }: ControllerWorld): Promise<Left> {
  const { aws, project } = local;
  const tasks = await aws.ecs.listTasks('main', `mayfly/${INSTALLATION}`);
  const groups = await aws.elbv2.describeTargetGroups();
  const rules = await aws.elbv2.describeRules(project.listener.arn);
  return { tasks: tasks.length, groups: groups.length - 1, rules: rules.length };
}
