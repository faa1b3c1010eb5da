/** The local ECS in process, under a clock that stands still, with containers that do as they are told. */
import { ECSClient } from '@aws-sdk/client-ecs';
import type { RegisterTaskDefinitionCommandInput, RunTaskCommandInput, Task } from '@aws-sdk/client-ecs';
import {
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  CreateClusterCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { makeEcs } from '../../../../src/local/aws/ecs/service.ts';
import type { Ecs, EcsSettings } from '../../../../src/local/aws/ecs/service.ts';
import { makeImages } from '../../../../src/local/aws/images.ts';
import { makeLogStore } from '../../../../src/local/aws/logs/store.ts';
import type { LogStore } from '../../../../src/local/aws/logs/store.ts';
import type {
  ContainerExit,
  ContainerSpec,
  ProcessIdentity,
  TaskRunner,
} from '../../../../src/local/aws/runner/port.ts';
import type { LocalClock } from '../../../../src/local/aws/service.ts';
import { makeDispatcher } from '../../../../src/local/aws/wire/dispatcher.ts';
import { requestHandlerOf } from '../../../../src/local/aws/wire/request-handler.ts';

export const REGISTRY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';
export const IMAGE = `${REGISTRY}/app:latest`;
export const START = Date.UTC(2030, 0, 1);
export const HOUR = 3600_000;

export interface FakeContainer {
  readonly spec: ContainerSpec;
  readonly signals: string[];
  exit(exit: ContainerExit): void;
}

export interface FakeRunner extends TaskRunner {
  /** In the order of their start. */
  readonly started: FakeContainer[];
  readonly reaped: ProcessIdentity[];
  /** Containers end at SIGTERM unless this says otherwise; they always end at SIGKILL. */
  ignoresTerm: boolean;
}

function makeFakeRunner(): FakeRunner {
  const runner: FakeRunner = {
    started: [],
    reaped: [],
    ignoresTerm: false,
    start(spec) {
      let listener: ((exit: ContainerExit) => void) | undefined;
      const container: FakeContainer = {
        spec,
        signals: [],
        exit(exit) {
          const told = listener;
          listener = undefined;
          told?.(exit);
        },
      };
      runner.started.push(container);
      return {
        onExit: (fn) => {
          listener = fn;
        },
        onStart: (fn) => fn({ pid: runner.started.length, startedAt: 'then', directory: `/scratch/${spec.name}` }),
        signal(signal) {
          container.signals.push(signal);
          if (signal === 'SIGKILL' || !runner.ignoresTerm) {
            container.exit({ exitCode: signal === 'SIGKILL' ? 137 : 143 });
          }
        },
      };
    },
    reap: (identity) => runner.reaped.push(identity),
  };
  return runner;
}

export interface ManualClock extends LocalClock {
  /** Fires everything that falls due, in order. */
  advance(ms: number): void;
  pending(): number;
}

export function makeManualClock(): ManualClock {
  let now = START;
  let serial = 0;
  let timers: { at: number; serial: number; fn: () => void }[] = [];
  return {
    now: () => now,
    pending: () => timers.length,
    after(ms, fn) {
      const timer = { at: now + ms, serial: serial++, fn };
      timers.push(timer);
      return {
        cancel() {
          timers = timers.filter((one) => one !== timer);
        },
      };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at || a.serial - b.serial)[0];
        if (due === undefined) {
          break;
        }
        timers = timers.filter((one) => one !== due);
        now = due.at;
        due.fn();
      }
      now = end;
    },
  };
}

/** Ids that differ and are the same in every run. */
function makeRandom(): () => number {
  let seed = 1;
  return () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
}

export interface World {
  readonly clock: ManualClock;
  readonly runner: FakeRunner;
  readonly logs: LogStore;
  readonly ecs: Ecs;
  readonly client: ECSClient;
  /** With a cluster `default` and the family `app`, which is registered first. */
  register(change?: Partial<RegisterTaskDefinitionCommandInput>): Promise<string>;
  run(change?: Partial<RunTaskCommandInput>): Promise<Task>;
  task(arn: string | undefined): Promise<Task>;
}

export const stop = (world: World, task: string | undefined, reason?: string): Promise<unknown> =>
  world.client.send(new StopTaskCommand({ task, reason }));

export const DEFINITION: RegisterTaskDefinitionCommandInput = {
  family: 'app',
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '256',
  memory: '512',
  containerDefinitions: [{ name: 'web', image: IMAGE }],
};

export const RUN: RunTaskCommandInput = {
  taskDefinition: 'app',
  launchType: 'FARGATE',
  networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-a'] } },
};

export async function makeWorld(settings: Partial<EcsSettings> = {}): Promise<World> {
  const clock = makeManualClock();
  const runner = makeFakeRunner();
  const logs = makeLogStore(() => clock.now());
  const images = makeImages(REGISTRY, () => clock.now(), [
    { repository: 'app', tag: 'latest', command: ['node', 'app.js'], env: { FROM: 'image', KEPT: 'image' } },
  ]);
  const ecs = makeEcs({
    account: '111122223333',
    region: 'eu-west-1',
    clock,
    random: makeRandom(),
    runner,
    images,
    logs,
    subnets: { 'subnet-a': '10.0.0.0/28', 'subnet-b': '10.0.1.0/28' },
    ...settings,
  });
  const client = new ECSClient({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
    requestHandler: requestHandlerOf(makeDispatcher([ecs.service])),
  });
  const world: World = {
    clock,
    runner,
    logs,
    ecs,
    client,
    async register(change = {}) {
      const answer = await client.send(new RegisterTaskDefinitionCommand({ ...DEFINITION, ...change }));
      return answer.taskDefinition?.taskDefinitionArn ?? '';
    },
    async run(change = {}) {
      const answer = await client.send(new RunTaskCommand({ ...RUN, ...change }));
      return answer.tasks?.[0] ?? {};
    },
    async task(arn) {
      const answer = await client.send(new DescribeTasksCommand({ tasks: [arn ?? ''], include: ['TAGS'] }));
      return answer.tasks?.[0] ?? {};
    },
  };
  await client.send(new CreateClusterCommand({}));
  await world.register();
  return world;
}
