/** The configuration of one replica of the soak: looks more often, and waits less, than one would on AWS. */
import {
  BASE_FAMILY,
  CLUSTER,
  CONTAINER,
  type Provisioned,
  REGION,
  SUBNET,
  TABLE,
} from '../../../src/local/demo/provision.ts';

export const INSTALLATION = 'soak';
export const LABELS = { uat: 'latest', 'uat-staging': 'staging' } as const;
export type Label = keyof typeof LABELS;

export interface ReplicaPorts {
  readonly webhooks: number;
  readonly frontDoor: number;
  readonly admin: number;
}

export interface ConfigInput {
  readonly repo: string;
  readonly ports: ReplicaPorts;
  readonly balancerPort: number;
  readonly githubPort: number;
  readonly provisioned: Provisioned;
  readonly environments: number;
}

export function configOf({ repo, ports, balancerPort, githubPort, provisioned, environments }: ConfigInput): object {
  const loopback = (port: number): object => ({ host: '127.0.0.1', port });
  return {
    installation: INSTALLATION,
    aws: { region: REGION },
    cluster: CLUSTER,
    store: { table: TABLE, createTables: true },
    network: { subnets: [SUBNET], securityGroups: ['sg-local'], assignPublicIp: false },
    listeners: {
      local: {
        arn: provisioned.listenerArn,
        vpcId: provisioned.vpcId,
        frontDoorTargetGroupArn: provisioned.frontDoorTargetGroupArn,
        domain: 'localhost',
        url: `http://{host}:${balancerPort}`,
      },
    },
    projects: {
      soak: { repo, prefix: 'soak', taskDefinition: BASE_FAMILY, container: CONTAINER, labels: LABELS },
    },
    http: {
      webhooks: loopback(ports.webhooks),
      frontDoor: loopback(ports.frontDoor),
      admin: loopback(ports.admin),
      advertise: `http://127.0.0.1:${ports.admin}`,
    },
    github: { webUrl: `http://127.0.0.1:${githubPort}` },
    policy: {
      settle: '1s',
      deregistrationDelay: '3s',
      transition: '1s',
      control: '5s',
      backoffBase: '1s',
      backoffMax: '10s',
      retries: 100,
      startDeadline: '90s',
      createGrace: '20s',
      // A call for each environment, of ten a second.
      healthLook: `${Math.max(5, Math.ceil(environments / 2))}s`,
      orphanGrace: '30s',
    },
    // One read a second at most: GitHub's 5,000 an hour are for everything.
    intervals: { poll: '2s', resync: '15s', reread: `${Math.max(10, environments)}s` },
  };
}
