/** Both sides of each limit of RunTask and StopTask: AWS-FACTS ECS "RunTask count" to "overrides", "awsvpc". */
import type { RunTaskCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { makeWorld, stop } from './world.ts';

const tags = (key: string, value: string): Partial<RunTaskCommandInput> => ({ tags: [{ key, value }] });

const many = (length: number): Partial<RunTaskCommandInput> => ({
  tags: Array.from({ length }, (_, i) => ({ key: `k${i}`, value: '' })),
});

const network = (subnets: number, securityGroups: number): Partial<RunTaskCommandInput> => ({
  networkConfiguration: {
    awsvpcConfiguration: {
      subnets: Array.from({ length: subnets }, () => 'subnet-a'),
      securityGroups: Array.from({ length: securityGroups }, (_, i) => `sg-${i}`),
    },
  },
});

const environment = (name: string, value: string): Partial<RunTaskCommandInput> => ({
  overrides: { containerOverrides: [{ name: 'web', environment: [{ name, value }] }] },
});

/** Overrides whose JSON has so many characters. */
const overrides = (size: number): Partial<RunTaskCommandInput> => {
  const empty = JSON.stringify(environment('A', '').overrides).length;
  return environment('A', 'x'.repeat(size - empty));
};

const LIMITS: [string, Partial<RunTaskCommandInput>, Partial<RunTaskCommandInput>, string][] = [
  ['10 tasks', { count: 10 }, { count: 11 }, 'count must be 1 to 10; found 11'],
  ['a token of 64', { clientToken: '~'.repeat(64) }, { clientToken: '~'.repeat(65) }, 'clientToken must be 1 to 64'],
  ['a token of ASCII', { clientToken: '!' }, { clientToken: 'é' }, 'ASCII 33 to 126'],
  ['a startedBy of 128', { startedBy: 'a/'.repeat(64) }, { startedBy: 'a'.repeat(129) }, 'startedBy must be 1 to 128'],
  ['a startedBy of letters', { startedBy: 'aZ0-_/' }, { startedBy: 'a.b' }, "found 'a.b'"],
  ['50 tags', many(50), many(51), 'at most 50; found 51'],
  ['a tag key of 128', tags('k'.repeat(128), ''), tags('k'.repeat(129), ''), 'Tag keys must be 1 to 128'],
  ['a tag value of 256', tags('k', 'v'.repeat(256)), tags('k', 'v'.repeat(257)), 'at most 256 characters; found 257'],
  ['a key of one’s own', tags('xaws:k', ''), tags('AWS:k', ''), 'not start with aws:'],
  ['a value of one’s own', tags('k', 'xaws:'), tags('k', 'Aws:v'), 'must not start with aws:'],
  ['tags of any language', tags('ключ é', 'a b_.:/=+-@'), tags('k', 'a#b'), "found 'a#b'"],
  ['a tag once', tags('k', ''), { tags: [{ key: 'k' }, { key: 'k' }] }, 'Duplicate tag keys'],
  ['16 subnets', network(16, 0), network(17, 0), 'subnets must be 1 to 16; found 17'],
  ['5 security groups', network(1, 5), network(1, 6), 'securityGroups must be 0 to 5; found 6'],
  ['overrides of 8,192 with their JSON', overrides(8192), overrides(8193), 'at most 8192 characters as JSON'],
  ['variables with a name', environment('A', ''), environment('', 'x'), 'must have a name'],
];

describe('RunTask', () => {
  it.each(LIMITS)('takes %s and no more', async (_what, allowed, refused, message) => {
    const world = await makeWorld();
    expect((await world.run(allowed)).lastStatus).toBe('PROVISIONING');
    await expect(world.run(refused)).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining(message) as string,
    });
  });

  it('knows the platform versions of Fargate', async () => {
    const world = await makeWorld();
    await world.run({ platformVersion: '1.4.0' });
    await expect(world.run({ platformVersion: '9.9.9' })).rejects.toMatchObject({ name: 'PlatformUnknownException' });
  });
});

describe('StopTask', () => {
  it('takes a reason of 255 characters and no more', async () => {
    const world = await makeWorld();
    const { taskArn } = await world.run();
    await expect(stop(world, taskArn, 'x'.repeat(256))).rejects.toThrow('at most 255 characters; found 256');
    expect((await world.task(taskArn)).desiredStatus).toBe('RUNNING');
    await stop(world, taskArn, 'x'.repeat(255));
    expect((await world.task(taskArn)).stoppedReason).toHaveLength(255);
  });
});
