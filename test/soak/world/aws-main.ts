/** The local AWS of the soak, as a process: as `npm run local -- aws`, with the light container for every image. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { makeElbv2 } from '../../../src/local/aws/elbv2/elbv2.ts';
import { type Elbv2State, parseElbv2State } from '../../../src/local/aws/elbv2/state.ts';
import { openState } from '../../../src/local/aws/persist.ts';
import { startLocalAws, systemClock } from '../../../src/local/aws/server.ts';
import { REGION, REPOSITORY, SUBNET } from '../../../src/local/demo/provision.ts';
import type { AwsOrder } from './aws-order.ts';

const ACCOUNT = '000000000000';
/** Two seconds between health checks instead of AWS's least of five. */
const PROBE_SCALE = 0.4;

const { port, stateDir, addresses } = JSON.parse(process.argv[2] ?? '{}') as AwsOrder;
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
});

const saved = await openState<{ elbv2?: Elbv2State }>(
  join(stateDir, 'elbv2.json'),
  {},
  {
    parse: (raw) => ({ elbv2: parseElbv2State((raw as { elbv2?: unknown }).elbv2) }),
    onError: (error) => log(String(error)),
  },
);
const elbv2 = makeElbv2({
  region: REGION,
  account: ACCOUNT,
  clock: systemClock,
  healthCheckIntervalScale: PROBE_SCALE,
  registrationMs: 200,
  ...(saved.value.elbv2 && { initial: saved.value.elbv2 }),
  onChange(next) {
    saved.value.elbv2 = next;
    saved.save();
  },
});
await elbv2.start();
const command = [process.execPath, '--max-old-space-size=24', '--max-semi-space-size=1', containerFile()];
const aws = await startLocalAws({
  port,
  stateDir,
  account: ACCOUNT,
  region: REGION,
  images: ['latest', 'staging'].map((tag) => ({ repository: REPOSITORY, tag, command, env: { MAYFLY_IMAGE: tag } })),
  subnets: { [SUBNET]: addresses },
  extraServices: [elbv2.service],
  // The harness's own looks must not slow the operators down.
  unthrottled: ['local'],
  log,
});
process.send?.({ url: aws.endpoint });
await stopped;
await aws.close();
await elbv2.close();
await saved.close();
process.disconnect?.();

/** Without its types: half the memory and half the start of a process that must strip them itself. */
function containerFile(): string {
  const file = join(stateDir, 'container.mjs');
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(file, stripTypeScriptTypes(readFileSync(join(import.meta.dirname, 'container.ts'), 'utf8')));
  return file;
}
