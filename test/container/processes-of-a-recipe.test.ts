/** An app of several processes, from its recipe to its pages, through updates, faults and deaths. */
import { describe, expect, test } from 'vitest';
import { isAlive } from './processes/daemons.ts';
import { app, type Environment, type Files, makeRepository, SERVER, serves, startEnvironment, until } from './stage.ts';

const RECIPE = `
robots: allow
processes:
  web: { start: exec node web.js }
  api: { directory: api, start: exec node api.js, route: /api, env: { POOL: 5 } }
  jobs: { start: exec node jobs.js }
`;
/** A worker that can be told to end, at the port that its siblings know. */
const WORKER = `${SERVER('jobs')}\nconsole.log('jobs', process.pid);`;

function shop(text: string, files: Files = {}): Files {
  return {
    ...app(text),
    'web.js': SERVER(`web ${text}`),
    'api/api.js': SERVER(`api ${text}`).replace("'/pid'", "'/api/pid'").replace("'/env'", "'/api/env'"),
    'api/package.json': JSON.stringify({ name: 'api', type: 'module' }),
    'jobs.js': WORKER,
    '.mayfly.yml': RECIPE,
    ...files,
  };
}

async function pids(environment: Environment): Promise<{ web: number; api: number; jobs: number }> {
  const read = async (path: string): Promise<number> => Number((await environment.get(path)).body);
  const jobs = environment.lines.findLast((line) => line.startsWith('jobs '));
  return { web: await read('/pid'), api: await read('/api/pid'), jobs: Number(jobs?.split(' ')[1]) };
}

describe('a recipe of two servers and a worker', () => {
  test('is routed, switched as one, and kept when the next recipe has faults', async () => {
    const repository = makeRepository();
    const first = repository.commit(shop('v1'));
    const environment = await startEnvironment({ repository, env: { SHOP: 'open' } });
    await environment.reported(serves(first));
    const body = async (path: string): Promise<string> => (await environment.get(path)).body;
    const both = async (): Promise<string> => `${await body('/apix')}, ${await body('/api/x')}`;
    expect(await both()).toBe('web v1, api v1');
    expect((await environment.get()).headers['x-robots-tag']).toBeUndefined();

    const api = JSON.parse(await body('/api/env')) as Record<string, string>;
    const web = JSON.parse(await body('/env')) as Record<string, string>;
    expect(api).toMatchObject({ POOL: '5', SHOP: 'open', HOST: '127.0.0.1' });
    expect(web['POOL']).toBeUndefined();
    expect(web['API_URL']).toBe(`http://127.0.0.1:${api['PORT']}`);
    expect(api['WEB_URL']).toBe(`http://127.0.0.1:${web['PORT']}`);
    // Nothing waits for a process that has neither route nor check.
    await until(
      () => fetch(`${api['JOBS_URL']}/`).then((reply) => reply.text(), String),
      (text) => text === 'jobs',
    );

    const old = await pids(environment);
    const next = repository.commit(shop('v2'));
    const seen = new Set<string>();
    await environment.sync(next);
    // Both are of one version at any time, but for the moment between two requests.
    await until(both, (pair) => seen.add(pair) && pair === 'web v2, api v2');
    seen.delete('web v1, api v2');
    expect([...seen]).toEqual(['web v1, api v1', 'web v2, api v2']);
    await until(
      () => Object.values(old).filter(isAlive),
      (alive) => alive.length === 0,
    );

    const faulty = RECIPE.replace('robots: allow', 'robots: maybe').replace('start: exec node jobs.js', 'strat: node');
    const bad = repository.commit(shop('v3', { '.mayfly.yml': `${faulty}  other: { route: /api }\n` }));
    await environment.sync(bad);
    const { failure, liveCommit, healthy } = await environment.reported((report) => report.failure !== undefined);
    expect({ liveCommit, healthy, phase: failure?.phase }).toEqual({
      liveCommit: next,
      healthy: true,
      phase: 'recipe',
    });
    for (const fault of [/robots.*allow or noindex/, /jobs\.strat/, /\/api/]) expect(failure?.message).toMatch(fault);
    expect(await both()).toBe('web v2, api v2');
  }, 60_000);

  test('is started again as a whole when one process dies, and given up when that goes on', async () => {
    const repository = makeRepository();
    const first = repository.commit(shop('v1'));
    const environment = await startEnvironment({ repository });
    await environment.reported(serves(first));
    const before = await pids(environment);
    process.kill(before.jobs, 'SIGKILL');
    const after = await until(
      () => pids(environment),
      (now) => now.web > 0 && now.api > 0 && now.web !== before.web && now.jobs !== before.jobs,
    );
    await environment.reported(serves(first));
    expect(after.api).not.toBe(before.api);
    expect(Object.values(before).filter(isAlive)).toEqual([]);
    expect(environment.lines.join('\n')).toContain('the app ended since its process jobs was ended by SIGKILL');

    let code: number | undefined;
    void environment.supervisor.done.then((value) => {
      code = value;
    });
    const ended = await until(
      async () => {
        await environment.get('/api/die').catch(() => undefined);
        await environment.get('/die').catch(() => undefined);
        return code;
      },
      (value) => value !== undefined,
    );
    expect(ended).toBe(24);
    expect(environment.lines.at(-1)).toMatch(/death 5 of 5 in a row\); giving up/);
    expect(Object.values(after).filter(isAlive)).toEqual([]);
  }, 60_000);
});
