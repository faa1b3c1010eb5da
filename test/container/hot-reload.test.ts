/** `hot: true` with a development server that reads its page anew for each request. */
import { describe, expect, test } from 'vitest';
import { projectWith, REGISTRY } from './project.ts';
import { type Environment, type Files, makeRepository, serves, startEnvironment, until } from './stage.ts';

/** As a bundler's server: its own code is read once, the pages each time. */
const SERVER = `
import { readFileSync, watch } from 'node:fs';
import { createServer } from 'node:http';
let changes = 0;
watch('src', () => (changes += 1));
createServer((request, response) => {
  if (request.url === '/die') process.exit(7);
  if (request.url === '/pid') return response.end(String(process.pid));
  if (request.url === '/changes') return response.end(String(changes));
  show(response);
}).listen(Number(process.env.PORT), process.env.HOST);
// Git takes a file away before it writes the next one.
function show(response) {
  try { response.end(readFileSync('src/page.txt')); } catch { setTimeout(show, 10, response); }
}
`;

function site(page: string, files: Files = {}): Files {
  return {
    ...projectWith([], page, { dev: 'exec node dev.js' }),
    'dev.js': SERVER,
    'src/page.txt': page,
    'src/kept.txt': 'the same',
    '.gitignore': 'node_modules\n',
    '.mayfly.yml': 'hot: true\nstart: exec node dev.js\n',
    ...files,
  };
}

async function pushed(environment: Environment, commit: string): Promise<void> {
  await environment.sync(commit);
  await environment.reported(serves(commit));
  const version = JSON.parse((await environment.get('/.mayfly/version')).body) as { commit: string };
  expect(version.commit).toBe(commit);
}

describe('hot', () => {
  test('a push shows without a new process, unless it changes what the process was started with', async () => {
    const repository = makeRepository();
    const first = repository.commit(site('one'));
    const environment = await startEnvironment({ repository, env: REGISTRY });
    await environment.reported(serves(first));
    const body = async (path = '/'): Promise<string> => (await environment.get(path)).body;
    const pid = await body('/pid');
    expect(await body()).toBe('one');

    await pushed(environment, repository.commit(site('two')));
    expect([await body(), await body('/pid')]).toEqual(['two', pid]);
    expect((await environment.report()).phases?.find(({ phase }) => phase === 'start')?.note).toBe('reloads by itself');
    await until(
      () => body('/changes'),
      (count) => Number(count) > 0,
    );

    await pushed(environment, first);
    expect([await body(), await body('/pid')]).toEqual(['one', pid]);

    const { 'package.json': manifest = '', 'package-lock.json': lock = '' } = projectWith(['ms@2.1.3'], 'x');
    await pushed(
      environment,
      repository.commit(site('three', { 'package.json': manifest, 'package-lock.json': lock })),
    );
    const second = await body('/pid');
    expect(await body()).toBe('three');
    expect(second).not.toBe(pid);

    const recipe = { '.mayfly.yml': 'hot: true\nstart: exec node dev.js\nenv: { MODE: other }\n' };
    await pushed(environment, repository.commit(site('three', recipe)));
    const third = await body('/pid');
    expect(third).not.toBe(second);

    // What crashes after a reload comes back with the files of the reload.
    const last = repository.commit(site('four', recipe));
    await pushed(environment, last);
    expect(await body('/pid')).toBe(third);
    await environment.get('/die').catch(() => undefined);
    const again = await until(
      () => environment.get('/pid'),
      ({ status, body: text }) => status === 200 && text !== third,
    );
    expect(again.status).toBe(200);
    expect(await body()).toBe('four');
    expect((await environment.report()).liveCommit).toBe(last);
  }, 60_000);
});
