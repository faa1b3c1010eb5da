import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadConfig, loadReaderConfig } from '../../src/config/load.ts';
import { DEFAULT_POLICY } from '../../src/model/policy.ts';
import { ELB, ENV, MINIMAL, configOf, faultsOf, load, privateKey } from './minimal-file.ts';

const withProject = (lines: string): string => MINIMAL + lines.replace(/^/gm, '    ');

describe('a minimal file', () => {
  const config = configOf(load(MINIMAL));

  it('gets every default', () => {
    expect(config).toMatchObject({
      installation: 'demo',
      region: 'eu-west-1',
      store: { table: 'mayfly-environments', leaseTable: 'mayfly-leases', createTables: false },
      http: {
        webhooks: { host: '0.0.0.0', port: 8080 },
        frontDoor: { host: '0.0.0.0', port: 8081 },
        admin: { host: '127.0.0.1', port: 9464 },
      },
      github: { apiUrl: 'https://api.github.com', webUrl: 'https://github.com' },
      policy: DEFAULT_POLICY,
      intervals: { pollMs: 5_000, resyncMs: 60_000, rereadMs: 300_000 },
      workers: 8,
      logLevel: 'info',
    });
    expect(config.awsEndpoint).toBeUndefined();
  });

  it('has one project with everything that it needs', () => {
    expect(config.projects).toEqual([
      {
        name: 'app',
        repo: 'acme/app',
        prefix: 'tt',
        labels: [
          { label: 'uat', imageTag: 'latest', agent: false },
          { label: 'uat-staging', imageTag: 'staging', agent: false },
          { label: 'claude-dev', imageTag: 'latest', agent: true },
        ],
        defaultTag: 'latest',
        listener: config.listeners[0],
        cluster: 'dev',
        launchType: 'FARGATE',
        network: { subnets: ['subnet-1'], securityGroups: ['sg-1'], assignPublicIp: false },
        taskDefinition: 'app',
        container: 'web',
        port: 3001,
        env: {},
        supervisor: true,
      },
    ]);
    expect(config.listeners).toEqual([
      {
        name: 'main',
        arn: `${ELB}:listener/app/dev/50dc6c495c0c9188/f2f7dc8efc522ab2`,
        vpcId: 'vpc-1',
        frontDoorTargetGroupArn: `${ELB}:targetgroup/front-door/73e2d6bc24d8a067`,
        domain: 'dev.example.com',
        url: 'https://{host}',
      },
    ]);
  });

  it('carries the secrets of the environment', () => {
    expect(config.secrets).toEqual({
      webhookSecret: ENV.MAYFLY_WEBHOOK_SECRET,
      signingKey: privateKey,
      githubToken: undefined,
    });
  });
});

describe('values', () => {
  it('are read in every form that people write', () => {
    const config = configOf(
      load(
        `${withProject(`labels: { zebra: staging, apple: { image: 'sha256:${'a'.repeat(64)}', agent: true } }
cpu: 1024
memory: '2048'
env: { LIMIT: 5, DEBUG: true, API: '\${PUBLIC_URL}/api' }
network: { subnets: [subnet-2], securityGroups: [sg-2], assignPublicIp: true }
cluster: other
supervisor: false
healthPath: /health
note: log in as demo`)}
policy: { settle: 250, startDeadline: 90s, retention: 1.5h, deregistrationDelay: 1m, healthCheckInterval: 10s, retries: 0 }
intervals: { poll: 500ms }
launchType: EC2
`,
      ),
    );
    expect(config.projects[0]).toMatchObject({
      labels: [
        { label: 'zebra', imageTag: 'staging', agent: false },
        { label: 'apple', imageTag: `sha256:${'a'.repeat(64)}`, agent: true },
      ],
      cpu: '1024',
      memory: '2048',
      env: { LIMIT: '5', DEBUG: 'true', API: '${PUBLIC_URL}/api' },
      network: { subnets: ['subnet-2'], assignPublicIp: true },
      cluster: 'other',
      launchType: 'EC2',
      supervisor: false,
      healthPath: '/health',
      note: 'log in as demo',
    });
    expect(config.policy).toMatchObject({
      settleMs: 250,
      startDeadlineMs: 90_000,
      retentionMs: 5_400_000,
      deregistrationDelaySeconds: 60,
      healthCheckIntervalSeconds: 10,
      retries: 0,
    });
    expect(config.intervals.pollMs).toBe(500);
  });

  it('of the environment win over those of the file where they say so', () => {
    const yaml = MINIMAL.replace('{ region: eu-west-1 }', '{ region: eu-west-1, endpoint: "http://localhost:1/" }');
    expect(configOf(load(yaml))).toMatchObject({ awsEndpoint: 'http://localhost:1' });
    const env = {
      AWS_ENDPOINT_URL: 'http://localhost:4566/',
      AWS_REGION: 'us-east-1',
      GITHUB_API_URL: 'http://localhost:3300',
    };
    expect(configOf(load(yaml, env))).toMatchObject({
      awsEndpoint: 'http://localhost:4566',
      region: 'eu-west-1',
      github: { apiUrl: 'http://localhost:3300', webUrl: 'https://github.com' },
    });
    expect(configOf(load(MINIMAL.replace('region: eu-west-1', ''), env)).region).toBe('us-east-1');
  });

  it('may name one of several listeners', () => {
    const second = MINIMAL.replace(
      'projects:',
      `  second: { arn: '${ELB}:listener/app/b/1/2', vpcId: vpc-1, frontDoorTargetGroupArn: '${ELB}:targetgroup/b/1', domain: b.example.com }\nprojects:`,
    );
    expect(faultsOf(load(second))).toEqual(['projects.app.listener: nothing']);
    expect(configOf(load(`${second}    listener: second\n`)).projects[0]?.listener.domain).toBe('b.example.com');
    expect(faultsOf(load(`${second}    listener: third\n`))).toEqual(['projects.app.listener: "third"']);
  });
});

describe('YAML', () => {
  it('with a duplicate key names the key and its line', () => {
    const loaded = load(`${MINIMAL}    prefix: again\n`);
    expect(loaded).toMatchObject({ ok: false, faults: [{ path: '(syntax)', line: 20, allowed: 'every key once' }] });
  });

  it('that does not parse names the line, and nothing else of the file', () => {
    const loaded = load(`${MINIMAL}  : : [\n`);
    expect(loaded.ok).toBe(false);
    expect(loaded.ok ? [] : loaded.faults.map(({ path }) => path)).toContain('(syntax)');
    expect(loaded.ok ? 0 : loaded.faults[0]?.line).toBeGreaterThanOrEqual(20);
  });

  it('that is not there names the path and how to change it', () => {
    const loaded = loadConfig({
      path: '/etc/mayfly.yaml',
      env: ENV,
      readFile: () => {
        throw Object.assign(new Error('x'), { code: 'EACCES' });
      },
    });
    expect(faultsOf(loaded)).toEqual(['(the file): /etc/mayfly.yaml (EACCES)']);
  });

  it('is found by argument, else by MAYFLY_CONFIG, else by its usual name', () => {
    expect(load('', { MAYFLY_CONFIG: 'other.yaml' }, { 'other.yaml': MINIMAL })).toMatchObject({
      ok: true,
      path: 'other.yaml',
    });
    const argument = loadConfig({ path: 'a.yaml', env: { ...ENV, MAYFLY_CONFIG: 'b.yaml' }, readFile: () => MINIMAL });
    expect(argument).toMatchObject({ ok: true, path: 'a.yaml' });
    expect(load(MINIMAL)).toMatchObject({ ok: true, path: 'mayfly.yaml' });
  });
});

describe('secrets', () => {
  it('may stand in files', () => {
    const { MAYFLY_WEBHOOK_SECRET: _1, MAYFLY_SIGNING_KEY: _2, ...env } = ENV;
    const files: Record<string, string> = {
      'mayfly.yaml': MINIMAL,
      w: 'webhook-secret-in-a-file\n',
      k: privateKey,
      t: ' token \n',
    };
    const names = { MAYFLY_WEBHOOK_SECRET_FILE: 'w', MAYFLY_SIGNING_KEY_FILE: 'k', GITHUB_TOKEN_FILE: 't' };
    const loaded = loadConfig({ env: { ...env, ...names }, readFile: (path) => files[path] ?? '' });
    expect(configOf(loaded).secrets).toEqual({
      webhookSecret: 'webhook-secret-in-a-file',
      signingKey: privateKey,
      githubToken: 'token',
    });
  });

  it('may be the key as base64 of PEM', () => {
    const encoded = Buffer.from(privateKey).toString('base64');
    expect(configOf(load(MINIMAL, { MAYFLY_SIGNING_KEY: encoded })).secrets.signingKey).toBe(privateKey);
  });

  it.each([
    [
      { MAYFLY_WEBHOOK_SECRET_FILE: 'w' },
      'MAYFLY_WEBHOOK_SECRET_FILE: both MAYFLY_WEBHOOK_SECRET and MAYFLY_WEBHOOK_SECRET_FILE',
    ],
    [{ GITHUB_TOKEN_FILE: '/run/none' }, 'GITHUB_TOKEN_FILE: /run/none (ENOENT)'],
    [{ GITHUB_TOKEN_FILE: 'empty' }, 'GITHUB_TOKEN_FILE: an empty file, empty'],
    [{ MAYFLY_WEBHOOK_SECRET: '   ' }, 'MAYFLY_WEBHOOK_SECRET: nothing'],
    [{ MAYFLY_SIGNING_KEY: 'hunter2-hunter2' }, 'MAYFLY_SIGNING_KEY: text that is no private key'],
    [{ MAYFLY_SIGNING_KEY: rsaKey() }, 'MAYFLY_SIGNING_KEY: a private key of type rsa'],
    [{ AWS_ENDPOINT_URL: 'localhost:4566' }, 'AWS_ENDPOINT_URL: text that is no such URL'],
  ] as [Record<string, string>, string][])('at fault: %#', (env, expected) => {
    expect(faultsOf(load(MINIMAL, env, { w: 'x', empty: '\n' }))).toEqual([expected]);
  });

  it('never appear in a fault', () => {
    const planted = 'hunter2';
    const loaded = load(MINIMAL, {
      MAYFLY_WEBHOOK_SECRET: planted,
      MAYFLY_SIGNING_KEY: `${planted}${planted}`,
      GITHUB_TOKEN: planted,
      GITHUB_TOKEN_FILE: 'x',
      AWS_ENDPOINT_URL: `user:${planted}@x`,
    });
    expect(loaded.ok).toBe(false);
    expect(JSON.stringify(loaded)).not.toContain(planted);
  });
});

function rsaKey(): string {
  return generateKeyPairSync('rsa', {
    modulusLength: 1024,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
}

describe('for commands that only read', () => {
  const readFile = (): string => MINIMAL;

  it('the webhook secret is not needed, nor looked at', () => {
    const env = { MAYFLY_SIGNING_KEY: privateKey, MAYFLY_WEBHOOK_SECRET: 'short' };
    const loaded = loadReaderConfig({ env, readFile });
    expect(loaded).toMatchObject({ ok: true });
    expect(loaded.ok && loaded.config.secrets).toEqual({ signingKey: privateKey, githubToken: undefined });
  });

  it('the signing key is, since the plan depends on it', () => {
    const loaded = loadReaderConfig({ env: {}, readFile });
    expect(loaded.ok ? [] : loaded.faults.map(({ path }) => path)).toEqual(['MAYFLY_SIGNING_KEY']);
  });
});
