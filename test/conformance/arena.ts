/**
 * Where a case runs: clients of one implementation of AWS's APIs, and what the case may know of its surroundings. A case
 * sees nothing of what is behind the clients, so that the same case runs on the local AWS and on the real one.
 */
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ECRClient } from '@aws-sdk/client-ecr';
import type { ECSClient } from '@aws-sdk/client-ecs';
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Control } from './control.ts';

/**
 * What not every arena has: `time` that can be let pass, `control` over what AWS decides by itself, `targets` that
 * answer health checks, `traffic` through a load balancer, `quotas` that may be used up, and
 * `throttling` as AWS does it.
 */
export type Need = 'time' | 'control' | 'targets' | 'traffic' | 'quotas' | 'throttling';

export interface Clients {
  readonly ecs: ECSClient;
  readonly elbv2: ElasticLoadBalancingV2Client;
  readonly dynamodb: DynamoDBClient;
  readonly logs: CloudWatchLogsClient;
  readonly ecr: ECRClient;
}

/** What has to be there before. */
export interface Surroundings {
  readonly vpc: string;
  /** An Application Load Balancer on AWS needs two of them. */
  readonly subnets: readonly string[];
  readonly securityGroup: string;
  /** Has `sh` and `sleep`, and no entry point. */
  readonly image: string;
  /** Of a registry that answers, but without the image. */
  readonly missingImage: string;
  /** For the tasks' own calls: logs and images. */
  readonly executionRole?: string | undefined;
}

export interface Arena extends Clients, Surroundings {
  readonly can: ReadonlySet<Need>;
  /** Exists. */
  readonly cluster: string;
  /** Exists too, and is another. */
  readonly otherCluster: string;
  /** Unique to this arena and run; letters, digits and hyphens, at most 32. */
  name(what: string): string;
  /** A table with the partition key `session_id` (S). */
  table(): Promise<string>;
  /** An HTTP listener whose default action is a fixed response of 404. */
  listener(): Promise<Listener>;
  /** One of another load balancer. Needs `quotas`. */
  otherListener(): Promise<Listener>;
  /** Runs when the case has ended, however it did; the last one given runs first. */
  cleanup(fn: () => Promise<unknown>): void;
  /** Asks again, in the arena's time, until `fn` resolves; throws its last error when that takes too long. */
  eventually<T>(fn: () => Promise<T>): Promise<T>;
  /** Needs `time`. */
  passTime(ms: number): Promise<void>;
  /** Needs `targets`. */
  target(): Promise<Target>;
  /** What a visitor of the listener gets. Needs `traffic`. */
  visit(listenerArn: string, host: string): Promise<Visit>;
  /** Needs `control`. */
  readonly control: Control;
}

export interface Listener {
  readonly arn: string;
  readonly loadBalancerArn: string;
}

export interface Target {
  readonly ip: string;
  readonly port: number;
  /** Status of its answers, 200 at first; undefined: it does not answer. */
  answer(status: number | undefined): void;
  /** How many health checks it was asked. */
  checks(): number;
}

export interface Visit {
  readonly status: number;
  /** Address of the target that answered; absent when the load balancer did so itself. */
  readonly from?: string | undefined;
}

export interface Case {
  /** Ids of the facts that it shows. */
  readonly facts: readonly [string, ...string[]];
  readonly name: string;
  readonly needs?: readonly Need[];
  run(arena: Arena): Promise<void>;
}

/** An implementation to run the cases on. */
export interface ArenaSource {
  /** Who answers: a key of `DEVIATIONS` for each service. */
  readonly implementations: { readonly aws: string; readonly dynamodb: string };
  readonly can: ReadonlySet<Need>;
  /** One for each case. */
  open(): Promise<OpenArena>;
  close(): Promise<void>;
}

export interface OpenArena {
  readonly arena: Arena;
  /** Cleans up; resolves to what could not be removed. */
  close(): Promise<readonly string[]>;
}
