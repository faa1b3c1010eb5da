/** The smallest file that loads, its secrets, and what comes of loading files that are made of it. */
import { generateKeyPairSync } from 'node:crypto';
import { formatFaults } from '../../src/config/faults.ts';
import { type Loaded, loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/model/config.ts';

export const { privateKey } = generateKeyPairSync('ed25519', {
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

export const ELB = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012';

export const MINIMAL = `
installation: demo
aws: { region: eu-west-1 }
cluster: dev
network:
  subnets: [subnet-1]
  securityGroups: [sg-1]
listeners:
  main:
    arn: ${ELB}:listener/app/dev/50dc6c495c0c9188/f2f7dc8efc522ab2
    vpcId: vpc-1
    frontDoorTargetGroupArn: ${ELB}:targetgroup/front-door/73e2d6bc24d8a067
    domain: dev.example.com
projects:
  app:
    repo: acme/app
    prefix: tt
    taskDefinition: app
    container: web
`;

export const ENV = { MAYFLY_WEBHOOK_SECRET: 'a-webhook-secret-of-length', MAYFLY_SIGNING_KEY: privateKey };

/** Loads the text as `mayfly.yaml`, beside the variables and the other files given. */
export function load(yaml: string, env: Record<string, string> = {}, files: Record<string, string> = {}): Loaded {
  const all: Record<string, string> = { 'mayfly.yaml': yaml, ...files };
  return loadConfig({
    env: { ...ENV, ...env },
    readFile(path) {
      const content = all[path];
      if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return content;
    },
  });
}

/** Of a file that has no faults. */
export function configOf(loaded: Loaded): Config {
  if (!loaded.ok) throw new Error(formatFaults(loaded.faults));
  return loaded.config;
}

/** `path: found` of each fault. */
export function faultsOf(loaded: Loaded): string[] {
  return loaded.ok ? [] : loaded.faults.map(({ path, found }) => `${path}: ${found}`);
}
