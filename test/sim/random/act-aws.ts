/** Hands in AWS, and what AWS and the containers do by themselves (P5, P7). */
import { INTERRUPTIONS } from '../../../src/local/aws/ecs/interruptions.ts';
import { firstPriority } from '../../../src/model/names.ts';
import { actualOf, shareOf } from '../world/actual.ts';
import {
  deleteGroup,
  deleteRules,
  deregisterTargets,
  flipWeights,
  foreignRule,
  interruptTasks,
  stopTasks,
} from '../world/people.ts';
import { sessionOf, shrug, type Stage } from './stage.ts';
import type { Doing } from './story.ts';

type InAws = Extract<
  Doing,
  {
    kind:
      | 'delete-rule'
      | 'delete-group'
      | 'deregister'
      | 'flip-weights'
      | 'health-check'
      | 'foreign-rule'
      | 'task'
      | 'interrupt'
      | 'capacity'
      | 'vcpus';
  }
>;

export function doInAws(stage: Stage, doing: InAws): void {
  const { world, dials, undoAfter } = stage;
  switch (doing.kind) {
    case 'capacity':
      world.refusal = { reason: doing.reason, startsAnyway: doing.startsAnyway };
      return undoAfter(doing.forMs, 'AWS has capacity again', () => {
        world.refusal = undefined;
      });
    case 'vcpus':
      dials.vcpuQuota = doing.quota;
      return undoAfter(doing.forMs, 'the quota of vCPUs is raised', () => {
        dials.vcpuQuota = Number.POSITIVE_INFINITY;
      });
    case 'task':
      return troubleTask(stage, doing);
    case 'interrupt':
      return interruptTasks(world, sessionOf(doing.branch), INTERRUPTIONS[doing.why]);
    default:
      shrug(stage, byHand(stage, doing.kind, sessionOf(doing.branch)));
  }
}

async function byHand(
  { world }: Stage,
  kind: Exclude<InAws['kind'], 'capacity' | 'vcpus' | 'task' | 'interrupt'>,
  session: string,
): Promise<void> {
  switch (kind) {
    case 'delete-rule':
      return await deleteRules(world, session);
    case 'delete-group':
      return await deleteGroup(world, session);
    case 'deregister':
      return await deregisterTargets(world, session);
    case 'flip-weights':
      return await flipWeights(world, session);
    case 'foreign-rule':
      return void (await foreignRule(world, `elsewhere-${session}.example.test`, firstPriority(session)));
    case 'health-check':
      for (const { arn } of shareOf(actualOf(world), session).groups) {
        const change = { TargetGroupArn: arn, HealthCheckPath: '/nowhere', HealthCheckIntervalSeconds: 60 };
        await world.aws.call('elasticloadbalancing', 'ModifyTargetGroup', change);
      }
      world.aws.elbv2.targetChanged();
      world.touch();
  }
}

function troubleTask(stage: Stage, { branch, trouble, forMs }: Extract<Doing, { kind: 'task' }>): void {
  const { world, undoAfter } = stage;
  const session = sessionOf(branch);
  if (trouble === 'stop') return shrug(stage, stopTasks(world, session));
  const { aws, supervisors } = world;
  for (const { arn, network } of shareOf(actualOf(world), session).tasks) {
    const { address: ip } = network;
    switch (trouble) {
      case 'never-stops':
        aws.ecs.freeze(arn);
        undoAfter(forMs, `the task of ${session} may stop again`, () => void aws.ecs.thaw(arn));
        continue;
      case 'crash':
        supervisors.crash(ip);
        continue;
      case 'exit':
        supervisors.exit(ip, { exitCode: 1 });
        continue;
      case 'hang':
      case 'freeze':
        supervisors[trouble](ip);
        break;
      case 'close-control':
        supervisors.closeControl(ip);
    }
    undoAfter(forMs, `the app of ${session} answers again`, () => void supervisors.reopen(ip));
  }
  world.touch();
}
