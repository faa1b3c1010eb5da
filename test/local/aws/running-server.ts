/** The local AWS with real processes behind it; it is closed, and its directory removed, after each test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import type { ECSClient, Task } from '@aws-sdk/client-ecs';
import { expect, onTestFinished, vi } from 'vitest';
import { startLocalAws } from '../../../src/local/aws/server.ts';
import type { LocalAws, LocalAwsOptions } from '../../../src/local/aws/server.ts';
import { requestHandlerOf } from '../../../src/local/aws/wire/request-handler.ts';

/** Serves its environment at its own address on a port that every task has, as on awsvpc. */
const SERVER = `
  const http = require('node:http');
  http.createServer((_, answer) => answer.end(JSON.stringify(process.env)))
    .listen({ host: process.env.BIND_ADDRESS, port: Number(process.env.PORT) }, () => console.log('listening on ' + process.env.BIND_ADDRESS));
  process.on('SIGTERM', () => { console.log('bye'); process.exit(0); });
`;
export const STUBBORN = "process.on('SIGTERM', () => {}); console.log('here'); setInterval(() => {}, 1000);";

/**
 * Not the ephemeral range: the same port at another address is what is tested. One for each worker, since the addresses
 * are the same in every file and files run beside each other.
 */
export const PORT = String(18_080 + Number(process.env['VITEST_POOL_ID'] ?? 0));

/** A directory of its own, for the state; to be made before the server that uses it, which is closed first. */
export async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mayfly-aws-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function start(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const aws = await startLocalAws({
    port: 0,
    stopTimeoutSeconds: 1,
    images: [
      { repository: 'app', tag: 'latest', command: [process.execPath, '-e', SERVER], env: { PORT } },
      { repository: 'app', tag: 'stubborn', command: [process.execPath, '-e', STUBBORN] },
    ],
    ...options,
  });
  onTestFinished(() => aws.close());
  return aws;
}

export const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** Clients over a socket, and clients in process. */
export const transports = {
  http: (aws: LocalAws) => ({ region: 'us-east-1', credentials, maxAttempts: 1, endpoint: aws.endpoint }),
  'in process': (aws: LocalAws) => ({
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
    requestHandler: requestHandlerOf(aws.dispatch),
  }),
};

export async function prepare(ecs: ECSClient, aws: LocalAws, tag = 'latest'): Promise<void> {
  const options = { 'awslogs-group': '/apps', 'awslogs-stream-prefix': 'ecs', 'awslogs-create-group': 'true' };
  await ecs.send(new CreateClusterCommand({ clusterName: 'main' }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'app',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      containerDefinitions: [
        { name: 'web', image: `${aws.registry}/app:${tag}`, logConfiguration: { logDriver: 'awslogs', options } },
      ],
    }),
  );
}

export async function run(ecs: ECSClient, change: object = {}): Promise<string> {
  const answer = await ecs.send(
    new RunTaskCommand({
      cluster: 'main',
      taskDefinition: 'app',
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-local'] } },
      ...change,
    }),
  );
  return answer.tasks?.[0]?.taskArn ?? '';
}

export async function describeTask(ecs: ECSClient, arn: string): Promise<Task> {
  const answer = await ecs.send(new DescribeTasksCommand({ cluster: 'main', tasks: [arn] }));
  return answer.tasks?.[0] ?? {};
}

export const until = (ecs: ECSClient, arn: string, status: string): Promise<Task> =>
  vi.waitFor(
    async () => {
      const task = await describeTask(ecs, arn);
      expect(task.lastStatus).toBe(status);
      return task;
    },
    { timeout: 10_000 },
  );

export const logged = (aws: LocalAws, text: string): Promise<void> =>
  vi.waitFor(
    () => {
      const streams = [...(aws.logs.group('/apps')?.streams.values() ?? [])];
      expect(streams.flatMap((stream) => stream.events.map((event) => event.message)).join('\n')).toContain(text);
    },
    { timeout: 10_000 },
  );
