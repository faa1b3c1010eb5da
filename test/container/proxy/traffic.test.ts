import { request } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { isAutomatic, makeTraffic, type TrafficReport } from '../../../container/src/proxy/traffic.ts';
import { makeUpstream } from '../../../container/src/app/upstream.ts';
import { ask, HOST, SESSION, until } from '../stage.ts';
import { openSocket, proxyTo, type Stage, stage } from './stage.ts';

const PERSON = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

function settled({ proxy }: Stage, good: (report: TrafficReport) => boolean): Promise<TrafficReport> {
  return until(
    () => proxy.traffic(),
    (report) => report.inFlight === 0 && good(report),
  );
}

describe('the last request', () => {
  test('is none before anybody came', async () => {
    const { proxy } = await stage((_, response) => response.end());
    expect(proxy.traffic()).not.toHaveProperty('lastRequestAt');
  });

  test.each([
    ['a browser', { 'user-agent': PERSON }],
    ['a program', { 'user-agent': 'curl/8.5.0' }],
    ['a browser that a test drives', { 'user-agent': 'Mozilla/5.0 HeadlessChrome/140.0' }],
    ['nobody in particular', {}],
  ])('is that of %s', async (_who, headers) => {
    const { ip, proxy } = await stage((_, response) => response.end());
    await ask({ ip, headers });
    expect(Date.parse(proxy.traffic().lastRequestAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
  });

  test.each([
    'ELB-HealthChecker/2.0',
    'kube-probe/1.31',
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (compatible; bingbot/2.0)',
    'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
    'facebookexternalhit/1.1',
    'WhatsApp/2.23.20.0',
    'Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)',
    'Pingdom.com_bot_version_1.4',
    'Blackbox Exporter/0.25.0',
    'Datadog/Synthetics',
  ])('is not that of %s', async (agent) => {
    const { ip, proxy } = await stage((_, response) => response.end());
    await ask({ ip, headers: { 'user-agent': agent } });
    expect(proxy.traffic()).not.toHaveProperty('lastRequestAt');
  });

  test('is not a look at a page of the supervisor, nor of another host', async () => {
    const { ip, proxy } = await stage((_, response) => response.end());
    for (const path of [`/.mayfly/ready/${SESSION}`, '/.mayfly/version', '/.mayfly/other']) await ask({ ip, path });
    await ask({ ip, headers: { host: 'tt-other.preview.test' } });
    expect(proxy.traffic()).toEqual(makeTraffic().report());
  });

  test.each([PERSON, 'Mozilla/5.0 (Linux; Android 9; CUBOT_X19) Chrome/99', 'okhttp/4.9'])('may be of %s', (agent) => {
    expect(isAutomatic(agent)).toBe(false);
  });

  test('moves on when a long answer ends, and when a WebSocket carries data', async () => {
    let time = 0;
    const traffic = makeTraffic(() => time);
    const found = await stage((_, response) => response.end());
    const sockets = new WebSocketServer({ server: found.server });
    onTestFinished(() => sockets.close());
    found.server.prependListener('request', (incoming, response) => traffic.request(incoming, response));
    found.server.prependListener('upgrade', (incoming, socket) => traffic.webSocket(incoming, socket as never));
    const at = (): number => Date.parse(traffic.report().lastRequestAt ?? '');

    found.server.prependListener('request', () => (time = 5_000));
    await ask({ ip: found.ip });
    expect(at()).toBe(5_000);
    const { socket } = await openSocket(found.ip);
    await until(at, (value) => value === 5_000);
    time = 60_000;
    expect(at()).toBe(5_000);
    socket.send('anything');
    await until(at, (value) => value === 60_000);
    time = 90_000;
    for (const client of sockets.clients) client.send('anything');
    await until(at, (value) => value === 90_000);
  });
});

describe('the report', () => {
  test('counts answers by class, and how long they took', async () => {
    const found = await stage((incoming, response) => {
      response.statusCode = Number(incoming.url?.slice(1));
      response.end();
    });
    for (const status of [200, 201, 304, 404, 500]) await ask({ ip: found.ip, path: `/${status}` });
    const { requests, seconds } = await settled(found, (report) => report.seconds.count === 5);
    expect(requests).toEqual({ '1xx': 0, '2xx': 2, '3xx': 1, '4xx': 1, '5xx': 1 });
    expect(seconds.buckets.at(-1)).toEqual({ le: 60, count: 5 });
    expect(seconds.sum).toBeGreaterThan(0);
    const counts = seconds.buckets.map((bucket) => bucket.count);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });

  test('counts what it answers for an app that does not run, or breaks off', async () => {
    const broken = await proxyTo(makeUpstream('127.0.0.1', 1));
    await ask({ ip: broken.ip });
    expect((await settled(broken, (report) => report.seconds.count === 1)).requests['5xx']).toBe(1);
    const none = await proxyTo(makeUpstream('127.0.0.1', 1), { upstream: () => undefined });
    await ask({ ip: none.ip });
    expect((await settled(none, (report) => report.seconds.count === 1)).requests['5xx']).toBe(1);
  });

  test('counts an answer that was broken off by what was sent, and none when nothing was', async () => {
    const found = await stage((incoming, response) => {
      if (incoming.url === '/half') response.writeHead(206).write('half');
    });
    for (const path of ['/half', '/nothing']) {
      const outgoing = request({ host: found.ip, port: 3_001, path, headers: { host: HOST }, agent: false }).end();
      outgoing.on('error', () => undefined);
      const answered = path === '/half' && new Promise((resolve) => outgoing.once('response', resolve));
      await until(
        () => found.proxy.traffic().inFlight,
        (count) => count === 1,
      );
      await answered;
      outgoing.destroy();
      await settled(found, () => true);
    }
    const { requests, seconds } = found.proxy.traffic();
    expect(requests).toEqual({ '1xx': 0, '2xx': 1, '3xx': 0, '4xx': 0, '5xx': 0 });
    expect(seconds.count).toBe(1);
  });

  test('counts a WebSocket once, apart from requests', async () => {
    const found = await stage((_, response) => response.end());
    const sockets = new WebSocketServer({ server: found.server });
    onTestFinished(() => sockets.close());
    const { socket } = await openSocket(found.ip);
    expect(found.proxy.traffic()).toMatchObject({ inFlight: 0, webSockets: 1, requests: { '1xx': 1 } });
    socket.close();
    const { seconds } = await settled(found, (report) => report.webSockets === 0);
    expect(seconds.count).toBe(0);
  });
});
