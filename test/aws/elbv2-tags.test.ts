/** Tags of many things at once, though AWS takes 20 a call and fails all of them for one that is gone. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type LocalWorld, makeLocalWorld } from './local-world.ts';
import { thrownBy } from './thrown.ts';

let world: LocalWorld;
let arns: string[];

beforeEach(async () => {
  world = await makeLocalWorld();
  arns = [];
  for (let index = 0; index < 45; index += 1) {
    const spec = {
      vpcId: 'vpc-1',
      port: 3001,
      healthPath: '/',
      healthIntervalSeconds: 5,
      deregistrationDelaySeconds: 30,
    };
    const making = world.aws.elbv2.createTargetGroup({ ...spec, name: `tg-${index}`, tags: { number: `${index}` } });
    await world.clock.advance(1_000);
    arns.push(await making);
  }
});

afterEach(async () => {
  await world.close();
});

it('reads any number, 20 a call', async () => {
  const before = world.calls.length;
  const tags = await world.aws.elbv2.describeTags([...arns, arns[0] ?? '']);
  expect(world.calls.slice(before)).toEqual(['DescribeTags', 'DescribeTags', 'DescribeTags']);
  expect([...tags]).toEqual(arns.map((arn, index) => [arn, { number: `${index}` }]));
});

it('leaves out what is gone, and nothing else', async () => {
  await world.aws.elbv2.deleteTargetGroup(arns[7] ?? '');
  await world.aws.elbv2.deleteTargetGroup(arns[44] ?? '');
  await world.clock.advance(60_000);
  const reading = world.aws.elbv2.describeTags(arns);
  for (let turn = 0; turn < 50; turn += 1) await world.clock.advance(100);
  const tags = await reading;
  expect(tags.size).toBe(43);
  expect(tags.has(arns[7] ?? '')).toBe(false);
  expect(tags.get(arns[8] ?? '')).toEqual({ number: '8' });
});

it('asks nothing about nothing, and fails as a whole', async () => {
  const before = world.calls.length;
  expect((await world.aws.elbv2.describeTags([])).size).toBe(0);
  expect(world.calls.length).toBe(before);
  world.fault.now = { after: () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }) };
  expect(await thrownBy(world.aws.elbv2.describeTags(arns))).toMatchObject({ kind: 'unavailable' });
});
