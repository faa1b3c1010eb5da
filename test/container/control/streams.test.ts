import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LogSource } from '../../../container/src/log/entry.ts';
import { sign } from '../../../src/control/signing.ts';
import { SESSION, until } from '../stage.ts';
import { call, claimsOf, codeOf, key, messageOf, open, type Stand, stand } from './stand.ts';

const EVENTS = { accept: 'text/event-stream' };

/** The number of changes that each event tells. */
const told = (text: string): number[] =>
  [...text.matchAll(/^event: status\ndata: (.*)\n\n/gm)].map(
    ([, data = '']) => (JSON.parse(data) as { changes: number }).changes,
  );

describe('the status as events', () => {
  test('comes at once and after every change', async () => {
    const { ip, changed } = await stand({ limits: { gapMs: 1 } });
    const stream = await open(ip, '/status', { accept: 'text/html;q=0.9, Text/Event-Stream;q=1' });
    expect(stream.response.headers['content-type']).toBe('text/event-stream');
    await stream.until((text) => told(text).at(-1) === 0);
    for (const count of [1, 2, 3]) {
      changed();
      await stream.until((text) => told(text).at(-1) === count);
    }
    expect(told(stream.text())).toEqual([0, 1, 2, 3]);
    expect(stream.text()).toContain(`"session":"${SESSION}"`);
  });

  test('is told together when it changes quickly, and its last state always', async () => {
    const { ip, changed } = await stand();
    const stream = await open(ip, '/status', EVENTS);
    for (let i = 0; i < 200; i += 1) {
      changed();
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await stream.until((text) => told(text).at(-1) === 200);
    expect(told(stream.text()).length).toBeLessThan(20);
  });

  test('shows a change that came while it was asked for the first time', async () => {
    let answer: (status: object) => void = () => undefined;
    let asked = 0;
    const status = (): Promise<object> => {
      asked += 1;
      return asked > 1 ? Promise.resolve({ changes: 1 }) : new Promise((resolve) => (answer = resolve));
    };
    const { ip, changed } = await stand({ handlers: { status } });
    const opening = open(ip, '/status', EVENTS);
    await until(
      () => asked,
      (count) => count === 1,
    );
    changed();
    answer({ changes: 0 });
    const stream = await opening;
    await stream.until((text) => told(text).at(-1) === 1);
  });

  test('is still there when nothing happens', async () => {
    const { ip } = await stand({ limits: { heartbeatMs: 10 } });
    const stream = await open(ip, '/status', EVENTS);
    await stream.until((text) => (text.match(/^: /gm) ?? []).length > 2);
  });

  test('is for so many at a time; who leaves makes room', async () => {
    const { ip } = await stand({ limits: { streams: 2 } });
    const [first] = [await open(ip, '/status', EVENTS), await open(ip, '/status', EVENTS)];
    expect(codeOf(await call(ip, { headers: EVENTS }))).toBe('503 too_many_streams');
    expect((await call(ip)).status).toBe(200);
    first.leave();
    await untilOpen(ip, '/status', EVENTS);
  });

  test('may end in any way while it is told of changes', async () => {
    const { ip, changed } = await stand({ limits: { gapMs: 0, heartbeatMs: 1, longestMs: 20 } });
    for (let round = 0; round < 20; round += 1) {
      const streams = [await open(ip, '/status', EVENTS), await open(ip, '/status', EVENTS)];
      for (const stream of streams.slice(round % 2)) {
        changed();
        stream.leave();
        changed();
      }
      await streams[0]?.ended;
    }
    expect((await call(ip)).status).toBe(200);
  });

  test('ends after a long time, and with the server', async () => {
    const { ip, server } = await stand({ limits: { longestMs: 50 } });
    const short = await open(ip, '/status', EVENTS);
    expect(await short.ended).toBe('end');
    const other = await stand();
    const stream = await open(other.ip, '/status', EVENTS);
    await other.server.close();
    expect(await stream.ended).toBe('end');
    expect(other.listeners()).toBe(0);
    await server.close();
  });

  test('is not kept for whoever does not read it: he is dropped', async () => {
    const status = (): Promise<object> => Promise.resolve({ changes: 0, text: 'x'.repeat(1_000_000) });
    const { ip, changed } = await stand({ handlers: { status }, limits: { gapMs: 1, streams: 1 } });
    const socket = connect(8_080, ip);
    onTestFinished(() => void socket.destroy());
    const authorization = sign(claimsOf({}), key);
    const head = 'GET /status HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n';
    socket.write(`${head}Authorization: ${authorization}\r\n\r\n`);
    await until(
      () => socket.bytesRead,
      (bytes) => bytes > 0,
    );
    expect(codeOf(await call(ip, { headers: EVENTS }))).toBe('503 too_many_streams');
    const changing = setInterval(changed, 5);
    onTestFinished(() => clearInterval(changing));
    await untilOpen(ip, '/status', EVENTS);
  });
});

/** Until there is room for another stream. */
async function untilOpen(ip: string, path: string, headers: Readonly<Record<string, string>>): Promise<void> {
  await until(
    () => open(ip, path, headers),
    ({ response }) => response.statusCode === 200,
  );
}

describe('logs', () => {
  function filled({ logs }: Stand): void {
    let time = 0;
    const say = (source: LogSource, text: string): void => {
      time += 1;
      logs.append({ at: new Date(time).toISOString(), source, text });
    };
    say('mayfly', 'hello');
    say('build', 'one');
    say('app/web', 'listens');
    say('build', 'two');
  }
  const at = (ms: number): string => new Date(ms).toISOString();
  const lines = {
    hello: `${at(1)} mayfly hello\n`,
    one: `${at(2)} build one\n`,
    listens: `${at(3)} app/web listens\n`,
    two: `${at(4)} build two\n`,
  };

  test.each<readonly [string, string]>([
    ['/logs', lines.hello + lines.one + lines.listens + lines.two],
    ['/logs?source=build', lines.one + lines.two],
    ['/logs?source=app/web', lines.listens],
    ['/logs?source=app%2Fweb', lines.listens],
    ['/logs?tail=2', lines.listens + lines.two],
    ['/logs?source=build&tail=1', lines.two],
    ['/logs?tail=0', ''],
    ['/logs?since=1970-01-01T00:00:00.003Z', lines.listens + lines.two],
    ['/logs?source=install', ''],
    ['/logs?follow=0&tail=1', lines.two],
  ])('%s are text', async (path, text) => {
    const there = await stand();
    filled(there);
    const reply = await call(there.ip, { path });
    expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text });
  });

  test.each<readonly [string, string]>([
    ['source=', 'source is "";'],
    ['source=other', 'source is "other";'],
    ['source=app/..%2F..%2Fetc', 'source is "app/../../etc";'],
    ['source=build&source=fetch', 'source is there 2 times;'],
    ['tail=-1', 'tail is "-1";'],
    ['tail=1e3', 'tail is "1e3";'],
    ['tail=999999', 'tail is "999999";'],
    ['since=yesterday', 'since is "yesterday";'],
    ['since=2030-13-01T00:00:00Z', 'since is "2030-13-01T00:00:00Z";'],
    ['follow=yes', 'follow is "yes";'],
    ['lines=3', 'lines is not known;'],
  ])('?%s is refused, named', async (query, message) => {
    const { ip } = await stand();
    const reply = await call(ip, { path: `/logs?${query}` });
    expect(codeOf(reply)).toBe('400 invalid_field');
    expect(messageOf(reply)).toContain(message);
  });

  test('that are followed go on until the client leaves', async () => {
    const there = await stand({ limits: { streams: 1 } });
    filled(there);
    const stream = await open(there.ip, '/logs?source=build&tail=1&follow=1');
    await stream.until((text) => text === lines.two);
    there.logs.append({ at: at(5), source: 'fetch', text: 'other' });
    there.logs.append({ at: at(6), source: 'build', text: 'three' });
    await stream.until((text) => text === `${lines.two}${at(6)} build three\n`);
    expect(codeOf(await call(there.ip, { path: '/logs' }))).toBe('503 too_many_streams');
    stream.leave();
    await until(
      () => call(there.ip, { path: '/logs' }),
      (reply) => reply.status === 200,
    );
  });

  test('that are followed end after a long time, with the log, and with the server', async () => {
    const short = await stand({ limits: { longestMs: 50 } });
    expect(await (await open(short.ip, '/logs?follow=1')).ended).toBe('end');
    const there = await stand();
    const [one, two] = [await open(there.ip, '/logs?follow=1'), await open(there.ip, '/logs?follow=1')];
    await there.server.close();
    expect(await Promise.all([one.ended, two.ended])).toEqual(['end', 'end']);
    const other = await stand();
    const third = await open(other.ip, '/logs?follow=1');
    await other.logs.close();
    expect(await third.ended).toBe('end');
  });

  test('that are long arrive as a whole, however slowly they are read', async () => {
    const { ip, logs } = await stand({ waiting: 20_000_000 });
    for (let i = 0; i < 10_000; i += 1) logs.append({ at: at(i), source: 'build', text: `${i} ${'x'.repeat(990)}` });
    await logs.close();
    const { response, ended, text } = await open(ip, '/logs');
    response.pause();
    // So much that the answer must wait for its reader.
    await new Promise((resolve) => setImmediate(resolve));
    response.resume();
    expect(await ended).toBe('end');
    const numbers = text()
      .split('\n')
      .slice(0, -1)
      .map((line) => Number(line.split(' ')[2]));
    expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
  });
});
