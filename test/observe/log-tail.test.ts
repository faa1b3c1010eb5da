import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LogTail, makeLogTail } from '../../src/observe/log-tail.ts';
import { type LocalWorld, makeLocalWorld } from '../aws/local-world.ts';

let world: LocalWorld;
let tail: LogTail;
let taskArn: string;

beforeEach(async () => {
  world = await makeLocalWorld();
  tail = makeLogTail({ aws: world.aws, clock: world.clock, secrets: ['installation-secret'] });
  const outcome = await world.aws.ecs.runTask(world.request('tt-one'), 'token-1');
  taskArn = outcome.ok ? outcome.task.arn : '';
});
afterEach(() => world.close());

const read = (lines: number, taskDefinitionArn = world.baseArn): Promise<string[]> =>
  tail(world.project, taskDefinitionArn, taskArn, lines);
const write = (...lines: string[]): void => {
  for (const line of lines) world.runner.running[0]?.log(line, 'stdout');
};
const asks = (operation: string): number => world.calls.filter((one) => one === operation).length;

describe('the log tail', () => {
  it('is empty before the container has started', async () => {
    expect(await read(5)).toEqual([]);
  });

  it('is the end of the container’s stream, oldest first', async () => {
    await world.clock.advance(200);
    write('one', 'two', 'three');
    expect(await read(2)).toEqual(['two', 'three']);
    expect(await read(20)).toEqual(['one', 'two', 'three']);
    expect(await read(0)).toEqual([]);
  });

  it('has no secrets, not even of a key that begins above the lines asked for', async () => {
    await world.clock.advance(200);
    write(
      '-----BEGIN PRIVATE KEY-----',
      'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ',
      'not even base64: the key goes on',
      '-----END PRIVATE KEY-----',
      'using installation-secret and ghp_abcdefghijklmnopqrstuvwxyz0123456789',
      '\u001b[31mfailed\u001b[0m',
    );
    expect(await read(2)).toEqual(['using [redacted] and [redacted]', 'failed']);
    await world.clock.advance(2_000);
    expect(await read(4)).toEqual(['[redacted]', 'using [redacted] and [redacted]', 'failed']);
  });

  it('bounds what a hostile log can cost', async () => {
    await world.clock.advance(200);
    write('x'.repeat(100_000));
    expect((await read(1))[0]?.length).toBeLessThan(2_100);
  });

  it('of many readers costs one call, and is fresh soon after', async () => {
    await world.clock.advance(200);
    write('one');
    await Promise.all([read(1), read(5), read(20), read(1)]);
    expect(asks('GetLogEvents')).toBe(1);
    write('two');
    await world.clock.advance(2_000);
    expect(await read(1)).toEqual(['two']);
    expect([asks('GetLogEvents'), asks('DescribeTaskDefinition')]).toEqual([2, 1]);
  });

  it('is empty for a container that does not log to CloudWatch, and for a definition that is gone', async () => {
    const answer = await world.callEcs('RegisterTaskDefinition', {
      family: 'quiet',
      networkMode: 'awsvpc',
      containerDefinitions: [{ name: 'web', image: 'web', memory: 256 }],
    });
    expect(await read(5, (answer['taskDefinition'] as { taskDefinitionArn: string }).taskDefinitionArn)).toEqual([]);
    expect(await read(5, 'nothing:1')).toEqual([]);
    expect(asks('GetLogEvents')).toBe(0);
  });

  it('says so when AWS does not give it', async () => {
    world.fault.now = { before: () => Object.assign(new Error('lost'), { code: 'ECONNRESET' }) };
    expect(await read(5)).toEqual([expect.stringMatching(/^\(the log cannot be read: .*ECONNRESET/)]);
    world.fault.now = {};
    await world.clock.advance(2_000);
    expect(await read(5)).toEqual([]);
  });
});
