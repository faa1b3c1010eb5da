/** What a person would set up once: the project's name, the secrets, and mayfly.yaml. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Ports } from './ports.ts';
import { BASE_FAMILY, CLUSTER, CONTAINER, type Provisioned, REGION, SUBNET, TABLE } from './provision.ts';

const LABELS = { uat: 'latest', 'uat-staging': 'staging', 'claude-dev': { image: 'latest', agent: true } };

export interface ProjectNames {
  readonly name: string;
  readonly fullName: string;
}

/** The folder's name as a session prefix. */
export function projectOf(repoPath: string): ProjectNames {
  const name =
    basename(resolve(repoPath))
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '')
      .slice(0, 12) || 'app';
  const prefix = /^[a-z]/.test(name) ? name : `p${name}`.slice(0, 12);
  return { name: prefix, fullName: `demo/${prefix}` };
}

export interface Secrets {
  readonly webhookSecret: string;
  readonly githubToken: string;
  readonly signingKey: string;
}

/** Made once and kept, readable by the owner only, so that a restarted stack still speaks to its tasks. */
export function openSecrets(stateDir: string): Secrets {
  const file = join(stateDir, 'secrets.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  const { privateKey } = generateKeyPairSync('ed25519');
  const secrets: Secrets = {
    webhookSecret: randomBytes(24).toString('hex'),
    githubToken: randomBytes(24).toString('hex'),
    signingKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}

export interface ConfigInput {
  readonly stateDir: string;
  readonly ports: Ports;
  readonly project: ProjectNames;
  readonly provisioned: Provisioned;
}

export function writeConfig({ stateDir, ports, project, provisioned }: ConfigInput): void {
  const loopback = (port: number): object => ({ host: '127.0.0.1', port });
  const config = {
    installation: 'demo',
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
        url: `http://{host}:${ports.balancer}`,
      },
    },
    projects: {
      [project.name]: {
        repo: project.fullName,
        prefix: project.name,
        taskDefinition: BASE_FAMILY,
        container: CONTAINER,
        labels: LABELS,
        env: { VITE_API: '${PUBLIC_URL}' },
      },
    },
    http: { webhooks: loopback(ports.webhooks), frontDoor: loopback(ports.frontDoor), admin: loopback(ports.admin) },
    github: { webUrl: `http://127.0.0.1:${ports.github}` },
    // One machine answers at once: look more often, and wait less, than one would on AWS.
    policy: { settle: '1s', transition: '250ms', control: '1s', backoffBase: '1s' },
    intervals: { poll: '1s', resync: '5s' },
  };
  writeFileSync(join(stateDir, 'mayfly.yaml'), stringify(config));
}
