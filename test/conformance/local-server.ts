/** The local AWS behind a socket, with processes for tasks and servers for targets, and with times that pass quickly. */

import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeHttpBalancer } from '../../src/local/aws/elbv2/balancer/http-balancer.ts';
import { type Elbv2, makeElbv2 } from '../../src/local/aws/elbv2/elbv2.ts';
import { type LocalAws, startLocalAws, systemClock } from '../../src/local/aws/server.ts';
import type { Target, Visit } from './arena.ts';
import type { Control, Refusal } from './control.ts';

export const REGION = 'us-east-1';
const SMALL = { id: 'subnet-small', cidr: '127.23.0.0/28', addresses: 11 };
const VCPUS = 6;

export interface LocalServer {
  readonly aws: LocalAws;
  readonly control: Control;
  readonly surroundings: ReturnType<typeof surroundingsOf>;
  target(): Promise<Target>;
  visit(listenerArn: string, host: string): Promise<Visit>;
  /** Undoes what `control` did, and waits until no task is left that is not STOPPED. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const surroundingsOf = (registry: string) => ({
  vpc: 'vpc-local',
  subnets: ['subnet-local'],
  securityGroup: 'sg-local',
  image: `${registry}/app:latest`,
  missingImage: `${registry}/app:none`,
});

export async function startLocalServer(): Promise<LocalServer> {
  const behaviour: { refusal?: Refusal | undefined; lagMs: number } = { lagMs: 0 };
  const elbv2 = makeElbv2({
    region: REGION,
    account: '000000000000',
    clock: systemClock,
    healthCheckIntervalScale: 0.004,
    balancer: (router) => makeHttpBalancer(router, { bindPort: () => 0 }),
  });
  const aws = await startLocalAws({
    port: 0,
    region: REGION,
    throttle: false,
    images: [{ repository: 'app', tag: 'latest', command: ['sleep', '600'] }],
    subnets: { 'subnet-local': '127.21.0.0/16', [SMALL.id]: SMALL.cidr },
    extraServices: [elbv2.service],
    failRunTask: () => behaviour.refusal,
    ecs: { visibilityLagMs: () => behaviour.lagMs, vcpuQuota: () => VCPUS },
  });
  const targets = makeTargets();
  const control: Control = {
    refuseTasks: (why) => void (behaviour.refusal = why),
    interrupt: (taskArn, code, reason) => void aws.ecs.interrupt(taskArn, { code, reason }),
    hideNewTasks: (ms) => void (behaviour.lagMs = ms),
    throttle: () => undefined,
    smallSubnet: SMALL,
  };
  return {
    aws,
    control,
    surroundings: surroundingsOf(aws.registry),
    target: targets.make,
    visit: (listenerArn, host) => visit(elbv2, listenerArn, host),
    async settle() {
      behaviour.refusal = undefined;
      behaviour.lagMs = 0;
      await untilStopped(aws);
    },
    async close() {
      await elbv2.close();
      await aws.close();
      await targets.close();
    },
  };
}

/** Fails when a case has left a task running. */
async function untilStopped({ ecs }: LocalAws): Promise<void> {
  const running = (): readonly string[] =>
    Object.values(ecs.state.tasks).flatMap(({ arn, lastStatus }) => (lastStatus === 'STOPPED' ? [] : [arn]));
  for (let looks = 0; looks < 1_000; looks++) {
    if (running().length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  for (const arn of running()) ecs.interrupt(arn, { code: 'InfrastructureHealth', reason: 'left behind' });
  throw new Error(`tasks that a case started and did not stop: ${running().join(', ')}`);
}

interface Targets {
  make(): Promise<Target>;
  close(): Promise<void>;
}

/** Each is a server at a loopback address of its own; one that is not to answer breaks its connections off. */
function makeTargets(): Targets {
  const servers: ReturnType<typeof createServer>[] = [];
  return {
    async make() {
      const told: { status: number | undefined; checks: number } = { status: 200, checks: 0 };
      const ip = `127.22.0.${servers.length + 1}`;
      const server = createServer((asked, answer) => {
        if (asked.headers['user-agent']?.startsWith('ELB-HealthChecker')) told.checks += 1;
        if (told.status === undefined) asked.socket.destroy();
        else answer.writeHead(told.status, { 'x-target': ip }).end();
      });
      servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: ip, port: 0 }, resolve);
      });
      const { port } = server.address() as AddressInfo;
      return { ip, port, answer: (status) => void (told.status = status), checks: () => told.checks };
    },
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

function visit(elbv2: Elbv2, listenerArn: string, host: string): Promise<Visit> {
  const address = elbv2.addressOf(listenerArn);
  return new Promise((resolve, reject) => {
    request({ ...address, path: '/', agent: false, headers: { host } })
      .on('error', reject)
      .on('response', (response) => {
        response.resume();
        const from = response.headers['x-target'];
        resolve({ status: response.statusCode ?? 0, from: typeof from === 'string' ? from : undefined });
      })
      .end();
  });
}
