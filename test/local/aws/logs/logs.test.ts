import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { FilterLogEventsCommandInput, GetLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeLogs } from '../../../../src/local/aws/logs/service.ts';
import { makeLogStore } from '../../../../src/local/aws/logs/store.ts';
import type { LogLimits, LogStore } from '../../../../src/local/aws/logs/store.ts';
import { makeDispatcher } from '../../../../src/local/aws/wire/dispatcher.ts';
import { requestHandlerOf } from '../../../../src/local/aws/wire/request-handler.ts';

interface World {
  readonly store: LogStore;
  readonly client: CloudWatchLogsClient;
  /** Of group `/apps`; each line a millisecond after the one before. */
  write(stream: string, ...lines: string[]): void;
  get(input?: Partial<GetLogEventsCommandInput>): Promise<{ lines: string[]; forward: string; backward: string }>;
  filter(input?: Partial<FilterLogEventsCommandInput>): Promise<string[]>;
}

function makeWorld(limits?: LogLimits, firstPage?: () => number): World {
  let now = 1000;
  const store = makeLogStore(() => now, limits);
  const service = makeLogs({ account: '111122223333', region: 'eu-west-1', store, ...(firstPage && { firstPage }) });
  const client = new CloudWatchLogsClient({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
    requestHandler: requestHandlerOf(makeDispatcher([service])),
  });
  store.createGroup('/apps');
  return {
    store,
    client,
    write(stream, ...lines) {
      store.createStream('/apps', stream);
      for (const line of lines) {
        store.append('/apps', stream, line);
        now += 1;
      }
    },
    async get(input = {}) {
      const answer = await client.send(
        new GetLogEventsCommand({ logGroupName: '/apps', logStreamName: 's', ...input }),
      );
      return {
        lines: (answer.events ?? []).map((event) => event.message ?? ''),
        forward: answer.nextForwardToken ?? '',
        backward: answer.nextBackwardToken ?? '',
      };
    },
    async filter(input = {}) {
      const answer = await client.send(new FilterLogEventsCommand({ logGroupName: '/apps', ...input }));
      return (answer.events ?? []).map((event) => event.message ?? '');
    },
  };
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i));

describe('GetLogEvents', () => {
  it('gives the newest events, oldest first, unless asked to start from the head', async () => {
    const world = makeWorld();
    world.write('s', ...numbers(0, 10));
    expect((await world.get({ limit: 3 })).lines).toEqual(['7', '8', '9']);
    expect((await world.get({ limit: 3, startFromHead: true })).lines).toEqual(['0', '1', '2']);
    expect((await world.get()).lines).toHaveLength(10);
  });

  it('reads on by the forward token, which stays the same at the end and sees what comes later', async () => {
    const world = makeWorld();
    world.write('s', 'a', 'b', 'c');
    const first = await world.get({ limit: 2, startFromHead: true });
    const second = await world.get({ limit: 2, nextToken: first.forward });
    expect(second.lines).toEqual(['c']);
    const end = await world.get({ nextToken: second.forward });
    expect(end).toMatchObject({ lines: [], forward: second.forward });
    world.write('s', 'd');
    expect((await world.get({ nextToken: end.forward })).lines).toEqual(['d']);
  });

  it('reads back by the backward token', async () => {
    const world = makeWorld();
    world.write('s', ...numbers(0, 5));
    const last = await world.get({ limit: 2 });
    const before = await world.get({ limit: 2, nextToken: last.backward });
    expect(before.lines).toEqual(['1', '2']);
    expect((await world.get({ limit: 2, nextToken: before.backward })).lines).toEqual(['0']);
    expect((await world.get({ nextToken: before.forward })).lines).toEqual(['3', '4']);
  });

  it('gives every event once in pages of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 7 }), async (count, limit) => {
        const world = makeWorld();
        world.write('s', ...numbers(0, count));
        const seen: string[] = [];
        let page = await world.get({ limit, startFromHead: true });
        while (page.lines.length > 0) {
          seen.push(...page.lines);
          page = await world.get({ limit, nextToken: page.forward });
        }
        expect(seen).toEqual(numbers(0, count));
      }),
      { numRuns: 30 },
    );
  });

  it('keeps to a range of time, without its end', async () => {
    const world = makeWorld();
    world.write('s', ...numbers(0, 5));
    expect((await world.get({ startTime: 1001, endTime: 1003 })).lines).toEqual(['1', '2']);
  });

  it('ends an answer at a megabyte, in both directions, and goes on from there', async () => {
    const world = makeWorld();
    const large = 'x'.repeat(200 * 1024);
    world.write('s', ...numbers(1, 7).map((number) => number + large));
    const first = (page: { lines: string[] }): string => page.lines.map((line) => line[0]).join('');
    const head = await world.get({ startFromHead: true });
    expect(first(head)).toBe('12345');
    expect(first(await world.get({ nextToken: head.forward, startFromHead: true }))).toBe('6');
    const tail = await world.get();
    expect(first(tail)).toBe('23456');
    expect(first(await world.get({ nextToken: tail.backward }))).toBe('1');
  });

  it('may answer with nothing although there is more behind the token, as AWS may', async () => {
    for (const first of [0, 2]) {
      const world = makeWorld(undefined, () => first);
      world.write('s', ...numbers(0, 5));
      const page = await world.get({ limit: 4 });
      expect(page.lines).toHaveLength(first);
      const rest = await world.get({ limit: 4, nextToken: page.backward });
      expect([...rest.lines, ...page.lines].slice(-4)).toEqual(['1', '2', '3', '4']);
    }
  });

  it('finds the group by its ARN', async () => {
    const world = makeWorld();
    world.write('s', 'a');
    const logGroupIdentifier = 'arn:aws:logs:eu-west-1:111122223333:log-group:/apps';
    expect((await world.get({ logGroupName: undefined, logGroupIdentifier })).lines).toEqual(['a']);
  });

  it.each([
    ['an unknown group', { logGroupName: '/none' }, 'ResourceNotFoundException', 'log group does not exist'],
    ['an unknown stream', { logStreamName: 'none' }, 'ResourceNotFoundException', 'log stream does not exist'],
    ['no group', { logGroupName: undefined }, 'InvalidParameterException', 'logGroupName'],
    ['a token that is none', { nextToken: 'x' }, 'InvalidParameterException', 'nextToken is invalid'],
    ['a limit over 10,000', { limit: 10_001 }, 'InvalidParameterException', "Value '10001' at 'limit'"],
    ['a limit of 0', { limit: 0 }, 'InvalidParameterException', 'greater than or equal to 1'],
    ['a group named twice', { logGroupIdentifier: '/apps' }, 'InvalidParameterException', 'cannot both be specified'],
    ['a stream with a colon', { logStreamName: 'a:b' }, 'InvalidParameterException', "Value 'a:b' at 'logStreamName'"],
    ['a group with a space', { logGroupName: 'a b' }, 'InvalidParameterException', 'regular expression pattern'],
  ])('refuses %s', async (_what, input, name, message) => {
    const world = makeWorld();
    world.write('s', 'a');
    await expect(world.get(input)).rejects.toMatchObject({ name, message: expect.stringContaining(message) as string });
  });
});

describe('the store', () => {
  it('keeps the newest events of a stream, and the newest streams of a group', async () => {
    const world = makeWorld({ eventsPerStream: 10, streamsPerGroup: 2, messageBytes: 8 });
    world.write('old', 'x');
    world.write('s', ...numbers(0, 50));
    world.write('new', 'y');
    expect((await world.get({ startFromHead: true })).lines).toEqual(numbers(40, 50));
    expect([...(world.store.group('/apps')?.streams.keys() ?? [])]).toEqual(['s', 'new']);
    expect(() => world.store.append('/apps', 'old', 'late')).not.toThrow();
  });

  it('cuts long messages between characters', async () => {
    const world = makeWorld({ eventsPerStream: 10, streamsPerGroup: 2, messageBytes: 8 });
    world.write('s', '12345678', '123456789', '1234567ü');
    expect((await world.get()).lines).toEqual(['12345678', '12345678', '1234567']);
  });
});

describe('FilterLogEvents', () => {
  it('merges streams by time, and chooses them by name or prefix', async () => {
    const world = makeWorld();
    world.write('a/1', 'one');
    world.write('b/1', 'two');
    world.write('a/1', 'three');
    expect(await world.filter()).toEqual(['one', 'two', 'three']);
    expect(await world.filter({ logStreamNamePrefix: 'a/' })).toEqual(['one', 'three']);
    expect(await world.filter({ logStreamNames: ['b/1'] })).toEqual(['two']);
    await expect(world.filter({ logStreamNames: ['c'] })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(world.filter({ logStreamNames: ['b/1'], logStreamNamePrefix: 'b' })).rejects.toThrow('exclude');
  });

  it.each([
    ['error', ['error: disk', 'fatal error']],
    ['"error: disk"', ['error: disk']],
    ['?disk ?fatal', ['error: disk', 'fatal error']],
    ['error -fatal', ['error: disk']],
    ['error fatal', ['fatal error']],
    ['', ['error: disk', 'fatal error', 'fine']],
  ])('understands the pattern %j', async (filterPattern, lines) => {
    const world = makeWorld();
    world.write('s', 'error: disk', 'fatal error', 'fine');
    expect(await world.filter({ filterPattern })).toEqual(lines);
  });

  it('says which patterns it does not offer', async () => {
    await expect(makeWorld().filter({ filterPattern: '{ $.level = "error" }' })).rejects.toThrow('plain terms');
  });

  it('pages', async () => {
    const world = makeWorld();
    world.write('s', ...numbers(0, 5));
    const first = await world.client.send(new FilterLogEventsCommand({ logGroupName: '/apps', limit: 3 }));
    expect(first.events).toHaveLength(3);
    expect(await world.filter({ limit: 3, nextToken: first.nextToken })).toEqual(['3', '4']);
  });
});

describe('groups and streams', () => {
  it('are created once', async () => {
    const { client, store } = makeWorld();
    await client.send(new CreateLogGroupCommand({ logGroupName: '/new' }));
    expect(store.group('/new')?.createdAt).toBe(1000);
    await expect(client.send(new CreateLogGroupCommand({ logGroupName: '/new' }))).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
    });
    await expect(client.send(new CreateLogGroupCommand({ logGroupName: 'a b' }))).rejects.toThrow("Value 'a b' at");
  });

  it('are described by prefix and pattern', async () => {
    const { client, store } = makeWorld();
    store.createGroup('/other');
    const names = async (input: object): Promise<unknown> =>
      (await client.send(new DescribeLogGroupsCommand(input))).logGroups?.map((group) => group.logGroupName);
    expect(await names({})).toEqual(['/apps', '/other']);
    expect(await names({ logGroupNamePrefix: '/a' })).toEqual(['/apps']);
    expect(await names({ logGroupNamePattern: 'THER' })).toEqual(['/other']);
  });

  it('list streams by name or by their last event, in pages', async () => {
    const world = makeWorld();
    world.write('b', '1');
    world.write('a', '2');
    world.write('b', '3');
    const describeStreams = async (input: object): Promise<unknown> => {
      const answer = await world.client.send(new DescribeLogStreamsCommand({ logGroupName: '/apps', ...input }));
      return answer.logStreams?.map((stream) => stream.logStreamName);
    };
    expect(await describeStreams({})).toEqual(['a', 'b']);
    expect(await describeStreams({ descending: true })).toEqual(['b', 'a']);
    expect(await describeStreams({ orderBy: 'LastEventTime' })).toEqual(['a', 'b']);
    expect(await describeStreams({ logStreamNamePrefix: 'b' })).toEqual(['b']);
    const first = await world.client.send(new DescribeLogStreamsCommand({ logGroupName: '/apps', limit: 1 }));
    expect(first.logStreams?.[0]).toMatchObject({ firstEventTimestamp: 1001, lastEventTimestamp: 1001 });
    expect(await describeStreams({ limit: 1, nextToken: first.nextToken })).toEqual(['b']);
    await expect(describeStreams({ orderBy: 'LastEventTime', logStreamNamePrefix: 'b' })).rejects.toThrow(
      'Cannot order',
    );
    await expect(describeStreams({ logGroupName: '/none' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});
