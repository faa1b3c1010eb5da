/** ECS behind `EcsPort`. */
import {
  DescribeClustersCommand,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import type { Clock } from '../runtime/clock.ts';
import type { Call } from './call.ts';
import { malformed, required } from './classify.ts';
import { toObservedTask, toRunTaskInput } from './ecs-task.ts';
import { AwsError } from './errors.ts';
import { collectPages } from './pages.ts';
import type { DescribedTasks, EcsPort } from './ports.ts';
import { makeTaskDefinitions } from './task-definitions.ts';

/** AWS-FACTS ECS "DescribeTasks", "ListTasks". */
const PER_CALL = 100;

export function makeEcs(client: ECSClient, call: Call, clock: Clock): EcsPort {
  const describeSome = async (cluster: string, arns: readonly string[]): Promise<DescribedTasks> => {
    const command = new DescribeTasksCommand({ cluster, tasks: [...arns] });
    const answer = await call('ecs:DescribeTasks', (options) => client.send(command, options));
    const now = clock.now();
    return {
      tasks: (answer.tasks ?? []).map((task) => toObservedTask(task, 'ecs:DescribeTasks', { now })),
      missing: (answer.failures ?? []).map(({ arn, reason }) => {
        if (reason === 'MISSING') return required(arn, 'ecs:DescribeTasks', 'arn of a failure');
        const message = `ecs:DescribeTasks: ${arn}: ${reason}`;
        throw new AwsError('unavailable', reason ?? 'Unknown', 'ecs:DescribeTasks', message);
      }),
    };
  };

  return {
    listTasks: (cluster, startedBy) =>
      // "When you specify startedBy as the filter, it must be the only filter."
      collectPages(async (nextToken) => {
        const command = new ListTasksCommand({ cluster, startedBy, maxResults: PER_CALL, nextToken });
        const answer = await call('ecs:ListTasks', (options) => client.send(command, options));
        return { items: answer.taskArns ?? [], next: answer.nextToken };
      }),

    async describeTasks(cluster, arns) {
      const unique = [...new Set(arns)];
      const starts = Array.from({ length: Math.ceil(unique.length / PER_CALL) }, (_, index) => index * PER_CALL);
      const answers = await Promise.all(
        starts.map((start) => describeSome(cluster, unique.slice(start, start + PER_CALL))),
      );
      return {
        tasks: answers.flatMap(({ tasks }) => tasks),
        missing: answers.flatMap(({ missing }) => missing),
      };
    },

    async runTask(request, clientToken) {
      const command = new RunTaskCommand(toRunTaskInput(request, clientToken));
      const answer = await call('ecs:RunTask', (options) => client.send(command, options));
      const task = answer.tasks?.[0];
      if (task) return { ok: true, task: toObservedTask(task, 'ecs:RunTask', { now: clock.now(), request }) };
      const failure = answer.failures?.[0];
      if (!failure) throw malformed('ecs:RunTask', 'a task or a failure');
      return { ok: false, reason: failure.reason ?? 'Unknown', detail: failure.detail ?? '' };
    },

    async stopTask(cluster, arn, reason) {
      const command = new StopTaskCommand({ cluster, task: arn, reason });
      await call('ecs:StopTask', (options) => client.send(command, options)).catch((error: unknown) => {
        if (!(error instanceof AwsError && error.kind === 'not-found' && error.code !== 'ClusterNotFoundException')) {
          throw error;
        }
      });
    },

    ...makeTaskDefinitions(client, call),

    async clusterExists(cluster) {
      const command = new DescribeClustersCommand({ clusters: [cluster] });
      const answer = await call('ecs:DescribeClusters', (options) => client.send(command, options));
      return (answer.clusters ?? []).some(({ status }) => status === 'ACTIVE');
    },
  };
}
