/** Requests are let end: nothing is taken away by a replica while they may still be on their way to it. */
import { hostFor, registered } from '../world/actual.ts';
import type { World } from '../world/world.ts';
import type { Oracle } from './oracle.ts';
import { waysOf } from './routes.ts';

/** As `policy.settleMs`, less the grain of the looks. */
const SETTLED_MS = 3_500;

export const stops: Oracle = (world, report) => {
  /** When a request for the host last could reach a healthy app at the address. */
  const reached = new Map<string, number>();
  const look = (): void => {
    for (const { ip, host, healthy } of waysOf(world)) {
      if (healthy && world.supervisors.answer(ip, host).kind === 'app') reached.set(ip, world.time.monotonic());
    }
  };
  return {
    moment() {
      if (world.changed('stops')) look();
    },
    begun({ operation, input, actor }) {
      if (operation !== 'ecs:StopTask') return;
      look();
      const task = Object.values(world.aws.ecs.state.tasks).find(({ arn }) => arn === (input as { task: string }).task);
      const last = reached.get(task?.network.address ?? '');
      if (!task || last === undefined || last < task.createdAt - world.time.now() + world.time.monotonic()) return;
      const ms = world.time.monotonic() - last;
      if (ms < SETTLED_MS)
        report('cut-off', `${actor} stops the task of ${hostFor(task.group)} ${ms} ms after a request could reach it`);
    },
    finished({ operation, input, outcome, actor }) {
      if (operation !== 'elasticloadbalancing:DeregisterTargets' || outcome !== 'ok' || world.options.blindMs) return;
      const { TargetGroupArn } = input as { TargetGroupArn: string };
      if (leadsNowhere(world, TargetGroupArn))
        report('dead-end', `${actor} takes the last target out of a group that a rule leads to`);
    },
  };
};

function leadsNowhere(world: World, arn: string): boolean {
  const { targetGroups, rules } = world.aws.elbv2.snapshot();
  const group = targetGroups.find((each) => each.arn === arn);
  if (!group || registered(group).length > 0) return false;
  return rules.some(
    ({ action }) => action.type === 'forward' && action.targetGroups.some((to) => to.arn === arn && to.weight > 0),
  );
}
