/**
 * A process of its own with the whole local AWS on loopback, whose tasks are tasks by name only: nothing is started, and
 * every health check passes. So a bench counts no cost but the operator's.
 */
import { makeElbv2 } from '../../src/local/aws/elbv2/elbv2.ts';
import { noBalancer } from '../../src/local/aws/elbv2/balancer/port.ts';
import type { TaskRunner } from '../../src/local/aws/runner/port.ts';
import { startLocalAws, systemClock } from '../../src/local/aws/server.ts';
import { PRETEND_AWS, type PretendAwsReady } from './pretend-aws-wire.ts';

const runner: TaskRunner = {
  start: () => ({ onExit: () => undefined, onStart: () => undefined, signal: () => undefined }),
  reap: () => undefined,
};

const { account, region, subnet, repository } = PRETEND_AWS;
const elbv2 = makeElbv2({
  account,
  region,
  clock: systemClock,
  prober: { probe: async () => ({ kind: 'response', status: 200 }) },
  balancer: () => noBalancer,
  // A hundred environments on one load balancer, and the front door's target group beside them.
  quotas: { targetGroupsPerLoadBalancer: 101 },
});
const aws = await startLocalAws({
  port: 0,
  account,
  region,
  runner,
  images: [{ repository, tag: 'latest', command: ['serve'] }],
  subnets: { [subnet]: '10.1.0.0/16' },
  extraServices: [elbv2.service],
});
const ready: PretendAwsReady = { endpoint: aws.endpoint };
process.send?.(ready);
// Nothing here outlives the process.
for (const signal of ['SIGTERM', 'disconnect'] as const) process.once(signal, () => process.exit(0));
