/** The processes of the stack, each started as a person would start it. */
import { join, resolve } from 'node:path';
import { type Child, startChild } from './child.ts';
import type { Ports } from './ports.ts';
import type { ProjectNames, Secrets } from './settings.ts';
import { until } from './until.ts';

const SOURCE = resolve(import.meta.dirname, '../..');

export interface ProcessOptions {
  readonly stateDir: string;
  readonly repoPath: string;
  readonly ports: Ports;
  /** Addresses of tasks, as a CIDR block within 127.0.0.0/8. */
  readonly addresses?: string;
  /** Branches that appear as if they came from a fork. */
  readonly forks?: readonly string[];
}

export async function startAws({ stateDir, ports, addresses }: ProcessOptions): Promise<Child> {
  const aws = startChild({
    name: 'the local AWS',
    script: join(SOURCE, 'local/main.ts'),
    args: [
      'aws',
      '--port',
      String(ports.aws),
      '--state',
      join(stateDir, 'aws'),
      ...(addresses ? ['--addresses', addresses] : []),
    ],
    logFile: join(stateDir, 'logs/aws.log'),
  });
  await aws.ready;
  return aws;
}

export async function startGitHub(
  { stateDir, ports, repoPath, forks = [] }: ProcessOptions,
  secrets: Secrets,
  project: ProjectNames,
): Promise<Child> {
  const github = startChild({
    name: 'the local GitHub',
    script: join(SOURCE, 'local/main.ts'),
    args: [
      'github',
      resolve(repoPath),
      `--port=${ports.github}`,
      `--name=${project.fullName}`,
      `--state=${join(stateDir, 'github')}`,
      `--webhook=http://127.0.0.1:${ports.webhooks}/webhooks/github`,
      ...forks.flatMap((branch) => ['--fork', branch]),
    ],
    env: { GITHUB_WEBHOOK_SECRET: secrets.webhookSecret, GITHUB_TOKEN: secrets.githubToken },
    logFile: join(stateDir, 'logs/github.log'),
  });
  await github.ready;
  return github;
}

export function startOperator({ stateDir, ports }: ProcessOptions, secrets: Secrets): Child {
  return startChild({
    name: 'the operator',
    script: join(SOURCE, 'main.ts'),
    env: {
      MAYFLY_CONFIG: join(stateDir, 'mayfly.yaml'),
      MAYFLY_WEBHOOK_SECRET: secrets.webhookSecret,
      MAYFLY_SIGNING_KEY: secrets.signingKey,
      GITHUB_TOKEN: secrets.githubToken,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${ports.aws}`,
      GITHUB_API_URL: `http://127.0.0.1:${ports.github}`,
    },
    logFile: join(stateDir, 'logs/operator.log'),
  });
}

export async function untilReady(operator: Child, adminPort: number): Promise<void> {
  const ready = until(
    'the operator is ready',
    async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined))?.ok === true,
    30_000,
  );
  const death = operator.exited.then((code) => {
    throw new Error(`the operator ended with code ${code}:\n${operator.tail()}`);
  });
  death.catch(() => undefined);
  await Promise.race([ready, death]);
}
