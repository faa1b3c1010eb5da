/** The configuration of the simulated installation: two projects, one whose images have no supervisor. */
import { generateKeyPairSync } from 'node:crypto';
import type { Config } from '../../../src/model/config.ts';
import type { Policy } from '../../../src/model/policy.ts';
import { DEFAULT_POLICY } from '../../../src/model/policy.ts';
import type { Listener, Project } from '../../../src/model/project.ts';
import { SIM_WEBHOOK_SECRET } from '../github/hook.ts';
import { CLUSTER, REGION, SUBNET, VPC } from './aws.ts';

export const INSTALLATION = 'sim';
export const REPO = 'octo/web';
export const PREFIX = 'tt';
export const DOMAIN = 'preview.test';

export interface Places {
  readonly listenerArn: string;
  readonly frontDoorArn: string;
}

export interface ConfigChange {
  readonly policy?: Partial<Policy>;
  readonly project?: Partial<Project>;
}

export function configFor(places: Places, change: ConfigChange = {}): Config {
  const address = { host: '127.0.0.1', port: 0 };
  const listener: Listener = {
    name: 'main',
    arn: places.listenerArn,
    vpcId: VPC,
    frontDoorTargetGroupArn: places.frontDoorArn,
    domain: DOMAIN,
    url: 'https://{host}',
  };
  return {
    installation: INSTALLATION,
    region: REGION,
    store: { table: 'environments', leaseTable: 'leases', createTables: false },
    listeners: [listener],
    projects: [{ ...projectOn(listener), ...change.project }],
    http: { webhooks: address, frontDoor: address, admin: address },
    github: { apiUrl: 'https://api.github.test', webUrl: 'https://github.test' },
    policy: { ...DEFAULT_POLICY, ...change.policy },
    intervals: { pollMs: 5_000, resyncMs: 60_000, rereadMs: 300_000 },
    workers: 4,
    logLevel: 'silent',
    secrets: { webhookSecret: SIM_WEBHOOK_SECRET, signingKey: SIGNING_KEY },
  };
}

function projectOn(listener: Listener): Project {
  return {
    name: 'web',
    repo: REPO,
    prefix: PREFIX,
    labels: [
      { label: 'uat', imageTag: 'latest', agent: false },
      { label: 'uat-staging', imageTag: 'staging', agent: false },
    ],
    defaultTag: 'latest',
    listener,
    cluster: CLUSTER,
    launchType: 'FARGATE',
    network: { subnets: [SUBNET], securityGroups: ['sg-1'], assignPublicIp: false },
    taskDefinition: 'web',
    container: 'web',
    port: 3_001,
    env: {},
    supervisor: true,
  };
}

/** Its value is nowhere in a run: the simulated supervisors check no signature. */
const SIGNING_KEY = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
