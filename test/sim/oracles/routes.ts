/** What requests would get, host by host: looked at whenever something that routing depends on has changed. */
import type { Rule, TargetGroup } from '../../../src/local/aws/elbv2/state.ts';
import { targetGroupName } from '../../../src/model/names.ts';
import { actualOf, hostFor, registered, sessionFor } from '../world/actual.ts';
import { INSTALLATION } from '../world/config.ts';
import { hostOfRule } from '../world/effects.ts';
import type { World } from '../world/world.ts';
import { makeLasting, type Oracle } from './oracle.ts';

/** A dead task is noticed within a pass, or at the next look at a settled environment, and then the weights are flipped. */
const NOTICED_MS = 45_000;
/** The old task drains after the new one serves. */
const REPLACED_MS = 60_000;

export interface Way {
  readonly host: string;
  readonly session: string;
  readonly rule: Rule;
  readonly group: TargetGroup;
  readonly ip: string;
  readonly healthy: boolean;
}

export const routes: Oracle = (world, report) => {
  const lasting = makeLasting(world, report);
  return {
    moment() {
      if (!world.changed('routes')) return;
      const ways = waysOf(world);
      const deadEnds = new Map<string, string>();
      const unhealthy = new Map<string, string>();
      for (const way of ways) {
        const { host, session, ip, healthy } = way;
        const answer = world.supervisors.answer(ip, host);
        if (answer.kind === 'app' && answer.session !== session) {
          report('misrouted', `a request for ${host} is answered by ${answer.session} at ${ip}`);
        }
        if (answer.kind !== 'app')
          deadEnds.set(`${host} ${ip}`, `${host} leads to ${ip}, which answers "${answer.kind}"`);
        if (!healthy) unhealthy.set(host, `${host} leads to ${ip}, which the load balancer finds unhealthy`);
      }
      lasting.now('dead-end', NOTICED_MS, deadEnds);
      lasting.now('unhealthy', NOTICED_MS, unhealthy);
      lasting.now('two-routed', REPLACED_MS, twice(ways));
      strangers(world, report);
    },
  };
};

function twice(ways: readonly Way[]): ReadonlyMap<string, string> {
  const byHost = Map.groupBy(ways, ({ host }) => host);
  const many = [...byHost].filter(([, all]) => new Set(all.map(({ ip }) => ip)).size > 1);
  return new Map(many.map(([host, all]) => [host, `${host} leads to ${all.map(({ ip }) => ip).join(' and ')}`]));
}

/** Every address that a request for a host of ours may reach, the front door aside. */
export function waysOf(world: World): readonly Way[] {
  const { targetGroups, rules } = world.aws.elbv2.snapshot();
  const groups = new Map(targetGroups.map((group) => [group.arn, group]));
  return rules.flatMap((rule) => {
    const host = hostOfRule(rule);
    const session = host === undefined ? undefined : sessionFor(host);
    if (host === undefined || session === undefined || rule.action.type !== 'forward') return [];
    const carrying = rule.action.targetGroups.filter(({ weight, arn }) => weight > 0 && arn !== world.aws.frontDoorArn);
    return carrying.flatMap(({ arn }) => {
      const group = groups.get(arn);
      return group ? reachable(world, group).map((to) => ({ host, session, rule, group, ...to })) : [];
    });
  });
}

/** The healthy targets; when there are none, all of them: ALB fails open. */
function reachable(world: World, group: TargetGroup): readonly Pick<Way, 'ip' | 'healthy'>[] {
  const states = world.aws.healthOf(group.arn);
  const all = registered(group).map(({ ip }) => ({ ip, healthy: states.get(ip) === 'healthy' }));
  const healthy = all.filter((target) => target.healthy);
  return healthy.length > 0 ? healthy : all;
}

/** A rule for a host of ours forwards to that session's group and the front door, to nothing else. */
function strangers(world: World, report: (oracle: 'foreign-rule', text: string) => void): void {
  const { groups, rules } = actualOf(world);
  const names = new Map(groups.map(({ arn, name }) => [arn, name]));
  for (const rule of rules) {
    const host = hostOfRule(rule);
    const session = host === undefined ? undefined : sessionFor(host);
    if (session === undefined || host !== hostFor(session) || rule.action.type !== 'forward') continue;
    for (const { arn } of rule.action.targetGroups) {
      const name = names.get(arn);
      if (arn === world.aws.frontDoorArn || name === targetGroupName(INSTALLATION, session)) continue;
      if (world.madeByPeople.has(rule.arn)) continue;
      report('foreign-rule', `the rule for ${host} forwards to ${name ?? arn}`);
    }
  }
}
