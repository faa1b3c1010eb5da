import type { Desired } from '../../src/model/environment.ts';
import type { Project } from '../../src/model/project.ts';
import type { PullSnapshot } from '../../src/model/snapshot.ts';

export const NOW = Date.UTC(2026, 0, 10);
export const C1 = '1'.repeat(40);
export const C2 = '2'.repeat(40);
export const HAND = 'f'.repeat(40);

export const PROJECT: Project = {
  name: 'todo',
  repo: 'acme/todo',
  prefix: 'tt',
  labels: [
    { label: 'uat', imageTag: 'latest', agent: false },
    { label: 'uat-staging', imageTag: 'staging', agent: false },
    { label: 'claude-dev', imageTag: 'latest', agent: true },
  ],
  defaultTag: 'latest',
  listener: {
    name: 'main',
    arn: 'arn:listener',
    vpcId: 'vpc-1',
    frontDoorTargetGroupArn: 'arn:front-door',
    domain: 'example.test',
    url: 'https://{host}',
  },
  cluster: 'main',
  launchType: 'FARGATE',
  network: { subnets: ['subnet-1'], securityGroups: ['sg-1'], assignPublicIp: false },
  taskDefinition: 'todo',
  container: 'app',
  port: 3001,
  env: {},
  supervisor: true,
};

/** ISO time `seconds` after a fixed moment. */
export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 9) + seconds * 1_000).toISOString().replace('.000Z', 'Z');
}

export interface PullOptions {
  readonly number?: number;
  readonly labels?: readonly string[];
  readonly commit?: string;
  readonly branch?: string;
  readonly open?: boolean;
  /** When it was closed, if that was before this snapshot. */
  readonly closedAt?: number;
  readonly fork?: boolean;
}

export function pull(seconds: number, options: PullOptions = {}): PullSnapshot {
  const { number = 12, labels = ['uat'], commit = C1, branch = 'feature', open = true, fork = false } = options;
  const { closedAt = seconds } = options;
  return {
    repo: 'acme/todo',
    number,
    open,
    draft: false,
    labels,
    author: 'ada',
    head: { repo: fork ? 'eve/todo' : 'acme/todo', repoId: fork ? 8 : 7, branch, commit },
    baseRepoId: 7,
    at: at(seconds),
    ...(!open && { closedAt: at(closedAt) }),
  };
}

/** The fields that intake may write, for short comparisons. */
export function fields(desired: Desired | undefined) {
  if (!desired) return undefined;
  const { wanted, branch, commit, imageTag } = desired;
  return { wanted, branch, commit, imageTag };
}
