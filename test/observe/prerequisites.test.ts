import { describe, expect, it, onTestFinished } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import { startPrerequisites } from '../../src/observe/prerequisites.ts';
import { makeHealth } from '../../src/telemetry/health.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { makeLocalWorld } from '../aws/local-world.ts';

const GONE = 'arn:aws:elasticloadbalancing:eu-west-1:000000000000:listener/app/gone/0/0';

async function world(clusters: readonly string[] = ['main'], arns: readonly string[] = []) {
  const local = await makeLocalWorld();
  onTestFinished(() => local.close());
  const { aws, clock, project } = local;
  const health = makeHealth();
  const projects = clusters.map((cluster, index) => ({ ...project, name: `web${index}`, cluster }));
  const others = arns.map((arn, index) => ({ ...project.listener, name: `other${index}`, arn }));
  const config = { region: 'eu-west-1', projects, listeners: [project.listener, ...others] };
  const logger = makeLogger('silent', false);
  const start = () => {
    const started = startPrerequisites({ aws, config, everyMs: 60_000, clock, health, logger });
    onTestFinished(() => started.stop());
    return started;
  };
  /** The check as soon as it has reported and something holds of it. */
  const until = async (good: (ok: boolean) => boolean) => {
    for (let turn = 0; turn < 500; turn += 1) {
      const check = health.checks()['aws'];
      if (check && good(check.ok)) return check;
      await new Promise((next) => setImmediate(next));
    }
    throw new Error(`the check is ${JSON.stringify(health.checks())}`);
  };
  const asked = () => local.calls.filter((name) => name === 'DescribeClusters' || name === 'DescribeListeners');
  return { ...local, health, start, until, asked };
}

describe('clusters and listeners of the configuration', () => {
  it('that are there are looked for once each', async () => {
    const { start, until, asked, clock } = await world(['main', 'main']);
    start();
    await until((ok) => ok);
    await clock.advance(300_000);
    expect(asked()).toEqual(['DescribeClusters', 'DescribeListeners']);
  });

  it('that are not are named by path, with the fix', async () => {
    const { start, until, health } = await world(['main', 'gone', 'gone'], [GONE]);
    start();
    const { detail } = await until((ok) => !ok);
    expect(detail).toMatch(/projects\.web1\.cluster, projects\.web2\.cluster: the ECS cluster gone does not exist/);
    expect(detail).toMatch(/listeners\.other0\.arn: the listener arn.* does not exist.*correct the ARN/);
    expect(detail).not.toMatch(/web0|listeners\.main/);
    expect(health.ready()).toBe(false);
  });

  it.each([
    [new AwsError('denied', 'AccessDenied', 'ecs:DescribeClusters', 'not allowed'), /not allowed.*Allow ecs:DescribeC/],
    [
      new AwsError('unavailable', 'ECONNRESET', 'ecs:DescribeClusters', 'lost'),
      /cluster main cannot be read: .*lost\.$/,
    ],
    [new TypeError('a fault of ours'), /cluster main cannot be read: .*a fault of ours\.$/],
  ])('that cannot be read are named too (%s), and looked for again until they can', async (error, expected) => {
    const { start, until, fault, clock } = await world();
    fault.now = { before: (operation) => (operation === 'DescribeClusters' ? error : undefined) };
    start();
    expect((await until((ok) => !ok)).detail).toMatch(expected);
    fault.now = {};
    await clock.advance(60_000);
    await until((ok) => ok);
  });

  it('are looked for again soon when an answer was lost: a replica should not be unready for a minute', async () => {
    const { start, until, fault, clock } = await world();
    const lost = new AwsError('unavailable', 'ECONNRESET', 'ecs:DescribeClusters', 'lost');
    fault.now = { before: (operation) => (operation === 'DescribeClusters' ? lost : undefined) };
    start();
    await until((ok) => !ok);
    fault.now = {};
    await clock.advance(2_000);
    await until((ok) => ok);
  });

  it('are not looked for after the end', async () => {
    const { start, until, clock, asked } = await world(['gone']);
    const started = start();
    await until((ok) => !ok);
    await started.stop();
    const before = asked().length;
    await clock.advance(300_000);
    expect(asked()).toHaveLength(before);
  });
});
