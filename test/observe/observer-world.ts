/** Observing one environment of the local AWS, beside a GitHub and a control port that answer as told. */
import type { Aws } from '../../src/aws/ports.ts';
import type { ControlPort } from '../../src/control/port.ts';
import { GitHubError, type GitHubPort } from '../../src/github/port.ts';
import { type Attempt, EMPTY_STATUS } from '../../src/model/environment.ts';
import { targetGroupName } from '../../src/model/names.ts';
import type { ControlAnswer } from '../../src/model/observed.ts';
import type { Step } from '../../src/model/step.ts';
import { makeObserver, type ObserveRequest } from '../../src/observe/environment.ts';
import { makeSnapshots } from '../../src/observe/snapshot.ts';
import { INSTALLATION, makeLocalWorld } from '../aws/local-world.ts';

export const SESSION = 'tt-one';
export const COMMIT = 'a'.repeat(40);
/** What every supervisor answers. */
export const REPORT: ControlAnswer = { ok: true, report: { session: SESSION, healthy: true, inFlight: 0 } };

export type ObserverWorld = Awaited<ReturnType<typeof makeObserverWorld>>;

export async function makeObserverWorld() {
  const world = await makeLocalWorld();
  /** `session@ip` of each question to a supervisor. */
  const asked: string[] = [];
  /** The head, or what GitHub says instead of it, by `owner/name branch`. */
  const branches: Record<string, string | GitHubError> = {};
  let headCalls = 0;

  /** What every supervisor answers now. */
  const answering: { now: ControlAnswer } = { now: REPORT };

  const control: ControlPort = {
    async report(ip, session) {
      asked.push(`${session}@${ip}`);
      return answering.now;
    },
    sync: () => Promise.reject(new Error('observing never asks for an update')),
  };

  /** Sees the project's cluster and listener, and these others. */
  function observer(aws: Aws = world.aws, others: { clusters?: string[]; listenerArns?: string[] } = {}) {
    const { clock, project } = world;
    const github: Pick<GitHubPort, 'branchHead'> = {
      async branchHead(repo, branch) {
        headCalls += 1;
        const head = branches[`${repo} ${branch}`];
        if (head instanceof GitHubError) throw head;
        return head;
      },
    };
    const snapshots = makeSnapshots({
      aws,
      installation: INSTALLATION,
      clusters: [project.cluster, ...(others.clusters ?? [])],
      listenerArns: [project.listener.arn, ...(others.listenerArns ?? [])],
      clock,
    });
    return makeObserver({ snapshots, aws, github: github as GitHubPort, control, installation: INSTALLATION, clock });
  }

  const ask = (more: Partial<ObserveRequest> = {}): ObserveRequest => ({
    sessionId: SESSION,
    project: world.project,
    wanted: true,
    imageTag: 'latest',
    commit: COMMIT,
    branch: 'one',
    repo: 'octo/web',
    status: EMPTY_STATUS,
    since: world.clock.monotonic(),
    lookAtHealth: false,
    ...more,
  });

  /** Starts a task of the session; answers its ARN. */
  async function run(token = 'token-1'): Promise<string> {
    const outcome = await world.aws.ecs.runTask(world.request(SESSION), token);
    if (!outcome.ok) throw new Error(outcome.reason);
    return outcome.task.arn;
  }

  const attemptOf = (taskArn: string | undefined): Attempt => ({
    number: 1,
    taskHash: '1:x',
    clientToken: 'token-1',
    request: world.request(SESSION),
    requestedAt: new Date(world.clock.now()).toISOString(),
    taskArn,
  });

  /** A target group of the session and the rule that leads to it, or to the front door at weight 0. */
  async function route(weight: 0 | 1): Promise<{ groupArn: string; ruleArn: string }> {
    const { aws, project, frontDoorArn } = world;
    const spec: Extract<Step, { kind: 'create-target-group' }>['spec'] = {
      name: targetGroupName(INSTALLATION, SESSION),
      vpcId: 'vpc-1',
      port: 3001,
      healthPath: '/ready',
      healthIntervalSeconds: 5,
      deregistrationDelaySeconds: 30,
      tags: {},
    };
    const groupArn = await aws.elbv2.createTargetGroup(spec);
    const rule = await aws.elbv2.createRule({
      listenerArn: project.listener.arn,
      priority: 1234,
      host: `${SESSION}.preview.test`,
      forward: [
        { targetGroupArn: groupArn, weight },
        { targetGroupArn: frontDoorArn, weight: weight === 1 ? 0 : 1 },
      ],
      tags: {},
    });
    return { groupArn, ruleArn: rule.arn };
  }

  return {
    ...world,
    asked,
    answering,
    branches,
    headCalls: () => headCalls,
    observer,
    ask,
    run,
    attemptOf,
    route,
  };
}
