import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type LiveApp, makeLiveApp } from '../../../container/src/app/live-app.ts';
import { makeLog } from '../../../container/src/log/log.ts';
import { PhaseError } from '../../../container/src/updates/progress.ts';
import type { Timings } from '../../../container/src/timings.ts';
import { openSocket, proxyWith } from '../proxy/stage.ts';
import { ask, HOST, QUICK, until } from '../stage.ts';
import { makePlace, type Place, script, server } from './stage.ts';

interface Scene {
  readonly live: LiveApp<string>;
  readonly place: Place;
  readonly said: string[];
  readonly removed: string[];
  readonly gaveUp: string[];
  /** What was told of: the version, and whether an app of it runs. */
  readonly told: string[];
  /** Runs beside what serves, and takes its place. */
  adopt(version: string): Promise<void>;
}

const processesOf = (version: string) => [server(version), server('api', { route: '/api', health: '/api' })];

function makeScene(timings: Partial<Timings> = {}, goOn = false): Scene {
  const place = makePlace();
  const [said, removed, gaveUp]: string[][] = [[], [], []];
  const told: string[] = [];
  const live: LiveApp<string> = makeLiveApp<string>({
    timings: { ...QUICK, ...timings },
    log: makeLog((line) => said?.push(line.trim())),
    async start(version, signal) {
      if (version === 'unable') throw new PhaseError('start', 'it cannot');
      return await (await place.start(processesOf(version), {}, signal)).healthy();
    },
    remove: (version) => Promise.resolve(void removed?.push(version)),
    onCrashLoop(reason) {
      gaveUp?.push(reason);
      return goOn;
    },
    onChange: () => told.push(`${live.version()} ${live.upstream('/') ? 'runs' : 'is gone'}`),
  });
  onTestFinished(() => live.stop());
  const adopt = async (version: string): Promise<void> => live.adopt(version, await place.run(processesOf(version)));
  return { live, place, said: said ?? [], removed: removed ?? [], gaveUp: gaveUp ?? [], told, adopt };
}

const die = (live: LiveApp<string>, path = '/die') =>
  fetch(`http://127.0.0.1:${live.upstream('/')?.port}${path}`).catch(() => undefined);

test('every change of what serves is told', async () => {
  const { live, told, adopt } = makeScene();
  await adopt('v1');
  live.relabel('v2');
  await die(live);
  await until(
    () => told,
    (changes) => changes.length === 4,
  );
  expect(told).toEqual(['v1 runs', 'v2 runs', 'v2 is gone', 'v2 runs']);
});

describe('a switch', () => {
  test('fails no request, on connections that are kept or not, whatever the old app does to them', async () => {
    const { live, adopt } = makeScene({ drainMs: 150 });
    await adopt('v1');
    const { ip } = await proxyWith({ upstream: (path) => live.upstream(path) });
    const kept = new Agent({ keepAlive: true, maxSockets: 4 });
    onTestFinished(() => kept.destroy());
    const seen: string[] = [];
    let running = true;
    /** Slow ones outlive the drain: their app is told to end, and closes their connections. */
    const client = async (path: string, agent: Agent | false): Promise<void> => {
      while (running) seen.push(await get(ip, path, agent));
    };
    const clients = [client('/', kept), client('/api/x', kept), client('/slow', kept), client('/', false)];
    const answered = (...lines: string[]): Promise<unknown> =>
      until(() => lines.every((line) => seen.includes(line)), Boolean);
    await answered('200 v1 /', '200 slow v1', '200 api /api/x');
    for (const version of ['v2', 'v3']) {
      await adopt(version);
      await answered(`200 ${version} /`, `200 slow ${version}`);
    }
    running = false;
    await Promise.all(clients);
    expect(seen.filter((line) => !line.startsWith('200 '))).toEqual([]);
    expect(live.version()).toBe('v3');
  });

  test('lets the old app say goodbye on its WebSockets, then removes it', async () => {
    const { live, adopt, removed } = makeScene();
    await adopt('v1');
    const { ip, proxy } = await proxyWith({ upstream: (path) => live.upstream(path) });
    const old = await openSocket(ip);
    await adopt('v2');
    expect(await old.closed).toBe(1_001);
    const fresh = await openSocket(ip);
    fresh.socket.send('you');
    await until(
      () => fresh.received,
      (received) => received.includes('v2 heard you'),
    );
    await until(
      () => removed,
      (versions) => versions.includes('v1'),
    );
    expect(proxy.traffic().webSockets).toBe(1);
  });

  test('cuts what the old app leaves open when it is killed', async () => {
    const { live, place } = makeScene({ drainMs: 50, killAfterMs: 100 });
    const stubborn = script(
      'web',
      `trap '' TERM; '${process.execPath}' -e "process.on('SIGTERM', () => undefined); process.argv[2] = 'old'; require('./server.cjs')"`,
      {
        route: '/',
        health: '/',
      },
    );
    live.adopt('v1', await place.run([stubborn]));
    const { ip } = await proxyWith({ upstream: (path) => live.upstream(path) });
    const socket = await openSocket(ip);
    const never = get(ip, '/never', false);
    live.adopt('v2', await place.run([server('v2')]));
    expect([1_001, 1_006]).toContain(await socket.closed);
    // What was never answered was asked once more, of the app that serves now.
    await until(
      () => live.upstream('/')?.requests.size,
      (count) => count === 1,
    );
    await live.stop();
    expect(await never).toMatch(/^502 /);
  });

  test('to a newer version of the same app changes only what is said of it', async () => {
    const { live, adopt, removed } = makeScene();
    await adopt('v1');
    const upstream = live.upstream('/');
    live.relabel('v2');
    expect([live.version(), live.upstream('/')]).toEqual(['v2', upstream]);
    await adopt('v3');
    await until(
      () => removed,
      (versions) => versions.length === 1,
    );
    expect(removed).toEqual(['v2']);
  });
});

describe('an app that dies', () => {
  test('is started again with all its processes, and serves nothing meanwhile', async () => {
    const { live, adopt, said } = makeScene({ restartDelaysMs: [300] });
    await adopt('v1');
    await die(live, '/api/../die');
    await until(
      () => live.upstream('/'),
      (upstream) => upstream === undefined,
    );
    expect([live.upstream('/api'), await live.healthy(), live.lastHealthy()]).toEqual([undefined, false, false]);
    expect(await live.resources()).toBeUndefined();
    await until(() => live.healthy(), Boolean);
    const upstream = live.upstream('/api');
    expect(await (await fetch(`http://127.0.0.1:${upstream?.port}/api/x`)).text()).toBe('api /api/x');
    expect(said.join('\n')).toMatch(
      /the app ended since its process v1 exited with code 7 \(death 1 of 2 in a row\); it is started again in 0\.3 s/,
    );
  });

  test('again and again is given up, and says why', async () => {
    const { live, adopt, gaveUp } = makeScene({ restartDelaysMs: [10, 10] });
    await adopt('v1');
    for (const deaths of [1, 2, 3]) {
      await until(() => live.healthy(), Boolean);
      await die(live);
      await until(() => (deaths === 3 ? gaveUp.length === 1 : live.upstream('/') === undefined), Boolean);
    }
    expect(gaveUp).toEqual(['the app ended since its process v1 exited with code 7 (death 3 of 3 in a row)']);
    await delay(50);
    expect(live.upstream('/')).toBeUndefined();
  });

  test('and does not start again is tried once more, as long as somebody hopes for a newer version', async () => {
    const { live, adopt, gaveUp, said } = makeScene({ restartDelaysMs: [10] }, true);
    await adopt('v1');
    live.relabel('unable');
    await die(live);
    await until(
      () => gaveUp.length,
      (count) => count > 2,
    );
    expect(said.join('\n')).toContain('the app did not start again: it cannot (death 2 of 2 in a row)');
    await adopt('v2');
    await until(() => live.healthy(), Boolean);
    expect(live.version()).toBe('v2');
  });
});

describe('the end', () => {
  test('comes politely: requests finish, WebSockets hear goodbye, then everything is closed', async () => {
    const { live, adopt } = makeScene();
    await adopt('v1');
    const { ip, proxy } = await proxyWith({ upstream: (path) => live.upstream(path) });
    const { closed } = await openSocket(ip);
    const slow = ask({ ip, path: '/slow' });
    await until(
      () => proxy.traffic().inFlight,
      (count) => count === 1,
    );
    await proxy.drain(10_000);
    expect((await slow).body).toBe('slow v1');
    await live.stop();
    expect(await closed).toBe(1_001);
    await proxy.close();
    expect(proxy.traffic()).toMatchObject({ inFlight: 0, webSockets: 0 });
  });

  test('does not wait for what still finishes its requests', async () => {
    const { live, adopt, place } = makeScene({ drainMs: 600_000 });
    await adopt('v1');
    const { ip } = await proxyWith({ upstream: (path) => live.upstream(path) });
    const never = get(ip, '/never', false);
    await until(
      () => live.upstream('/')?.requests.size,
      (count) => count === 1,
    );
    await adopt('v2');
    await live.stop();
    expect(place.lines).toEqual(expect.arrayContaining(['v1: v1 leaves', 'v2: v2 leaves']));
    expect(await never).toMatch(/^502 /);
  });

  test('while it is about to be started again starts nothing', async () => {
    const { live, adopt, place } = makeScene({ restartDelaysMs: [200] });
    await adopt('v1');
    await die(live);
    await until(
      () => live.upstream('/'),
      (upstream) => upstream === undefined,
    );
    const before = place.lines.filter((line) => line === 'v1: v1 listens').length;
    await live.stop();
    await delay(300);
    expect(place.lines.filter((line) => line === 'v1: v1 listens')).toHaveLength(before);
  });
});

/** Status and body, or what went wrong. */
function get(ip: string, path: string, agent: Agent | false): Promise<string> {
  return new Promise((resolve) => {
    const outgoing = request({ host: ip, port: 3_001, path, agent, headers: { host: HOST } });
    outgoing.on('error', (error) => resolve(error.message));
    outgoing.on('response', (response) => {
      let body = '';
      response.on('data', (chunk) => (body += String(chunk)));
      response.on('error', (error) => resolve(error.message));
      response.on('end', () => resolve(`${response.statusCode} ${body}`));
    });
    outgoing.end();
  });
}
