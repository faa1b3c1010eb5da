import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { address, ask as askAt, type Files, type Reply, temporary } from '../stage.ts';

const MAIN = fileURLToPath(new URL('../../../container/src/static/main.ts', import.meta.url));
const PORT = 3_001;
const HTML = { accept: 'text/html,*/*' };

interface Site {
  readonly child: ChildProcess;
  readonly dir: string;
  /** Exit code, and what was printed. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

function write(dir: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

function start(files: Files, folders: readonly string[], ip: string, prepare?: (dir: string) => void): Site {
  const dir = temporary();
  write(dir, files);
  prepare?.(dir);
  const env = { PATH: process.env['PATH'] ?? '', HOST: ip, PORT: String(PORT) };
  const child = spawn(process.execPath, [MAIN, ...folders], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, dir, ended };
}

interface Served extends Site {
  readonly ip: string;
  get(path: string, headers?: Files, method?: string): Promise<Reply>;
}

async function serve(files: Files, folders = ['.'], prepare?: (dir: string) => void): Promise<Served> {
  const ip = address();
  const site = start(files, folders, ip, prepare);
  const failed = site.ended.then(({ output }) => Promise.reject(new Error(output)));
  await Promise.race([once(site.child.stdout ?? site.child, 'data'), failed]);
  failed.catch(() => undefined);
  return { ...site, ip, get: (path, headers = {}, method = 'GET') => askAt({ ip, port: PORT, path, headers, method }) };
}

describe('the folder', () => {
  test.each([
    ['the first with a page', { 'build/index.html': 'b', 'public/index.html': 'p', 'dist/x.js': '' }, 'b'],
    [
      'one deeper, where a build made one of its own',
      { 'dist/shop/browser/index.html': 'd', 'public/index.html': 'p' },
      'd',
    ],
    [
      'not one of several deeper',
      { 'dist/a/index.html': 'a', 'dist/b/index.html': 'b', 'public/index.html': 'p' },
      'p',
    ],
    [
      'not one that is hidden, or of modules',
      { 'dist/.x/index.html': 'x', 'dist/node_modules/index.html': 'y', 'public/index.html': 'p' },
      'p',
    ],
  ])('is %s', async (_, files: Files, text) => {
    const { get } = await serve(files, ['dist', 'build', 'public']);
    expect(await get('/')).toMatchObject({ status: 200, body: text });
  });

  test('that is nowhere is told, with exit code 1', async () => {
    const { ended } = start({ 'src/index.html': '' }, ['dist', 'build', '.'], address());
    expect(await ended).toEqual({
      code: 1,
      output: 'there is no page to show: none of the folders dist, build, . has an index.html\n',
    });
  });

  test('that cannot be read whole is told, with exit code 1', async () => {
    const { ended } = start({ 'index.html': '' }, ['.'], address(), (dir) => symlinkSync('gone', join(dir, 'link')));
    const { code, output } = await ended;
    expect(code).toBe(1);
    expect(output).toMatch(/^cannot read \.: ENOENT/);
  });

  test('with a taken port is told, with exit code 1', async () => {
    const { ip } = await serve({ 'index.html': '' });
    const { code, output } = await start({ 'index.html': '' }, ['.'], ip).ended;
    expect(code).toBe(1);
    expect(output).toMatch(/^cannot listen on 127\.\d+\.\d+\.\d+:3001: /);
  });
});

describe('files', () => {
  test('are served with their type, and asked for again each time', async () => {
    const { get } = await serve({
      'index.html': '',
      'a/b.js': 'b()',
      'a/index.html': 'folder',
      'page.html': 'page',
      'ä b.txt': 'c',
    });
    const file = await get('/a/b.js?v=1');
    expect(file).toMatchObject({ status: 200, body: 'b()', headers: { 'content-type': 'text/javascript' } });
    expect(file.headers['cache-control']).toBe('public,max-age=0,must-revalidate');
    expect((await get('/a/b.js', { 'if-none-match': String(file.headers['etag']) })).status).toBe(304);
    expect((await get('/a/')).body).toBe('folder');
    expect((await get('/page')).body).toBe('page');
    expect((await get('/%C3%A4%20b.txt')).body).toBe('c');
  });

  test('whose names begin with a dot are not', async () => {
    const { get } = await serve({
      'index.html': '',
      '.env': 'secret',
      '.git/config': 'secret',
      'a/.npmrc': 'secret',
      '.well-known/x.txt': 'known',
    });
    for (const path of ['/.env', '/.git/config', '/a/.npmrc', '/a/..%2f.env'])
      expect((await get(path)).status).toBe(404);
    expect((await get('/.well-known/x.txt')).body).toBe('known');
  });

  test.each([
    '/../outside.txt',
    '/%2e%2e/outside.txt',
    '/..%5coutside.txt',
    '/a/../../outside.txt',
    '//../outside.txt',
    '/%',
    '/\0'.replace('\0', '%00'),
  ])('outside of the folder are not: %s', async (path) => {
    const { get } = await serve({ 'site/index.html': 'x', 'outside.txt': 'secret' }, ['site']);
    expect(await get(path)).toMatchObject({ status: 404, body: 'not found\n' });
  });

  test('that links lead to are, as the project’s own code could read them', async () => {
    const { get } = await serve({ 'site/index.html': 'x', 'outside.txt': 'beside' }, ['site'], (dir) =>
      symlinkSync('../outside.txt', join(dir, 'site/link.txt')),
    );
    expect((await get('/link.txt')).body).toBe('beside');
  });

  test.each([
    ['bytes=1-2', 206, 'bc'],
    ['bytes=2-', 206, 'cd'],
    ['bytes=9-', 416, ''],
    ['bytes=3-1', 200, 'abcd'],
    ['bytes=-2', 200, 'abcd'],
    ['bytes=0-1,2-3', 200, 'abcd'],
    ['lines=1-2', 200, 'abcd'],
  ])('are served in part for %s', async (range, status, body) => {
    const { get } = await serve({ 'index.html': '', 'a.txt': 'abcd' });
    expect(await get('/a.txt', { range })).toMatchObject({ status, body });
  });

  test('that have gone end their own request and no other', async () => {
    const { get, dir } = await serve({ 'index.html': 'x', 'a.txt': 'abcd' });
    rmSync(join(dir, 'a.txt'));
    await expect(get('/a.txt')).rejects.toThrow();
    expect((await get('/')).body).toBe('x');
  });

  test.skipIf(process.getuid?.() === 0)('that nobody may read end their own request and no other', async () => {
    const { get } = await serve({ 'index.html': 'x', 'a.txt': 'abcd' }, ['.'], (dir) =>
      chmodSync(join(dir, 'a.txt'), 0),
    );
    await expect(get('/a.txt')).rejects.toThrow();
    expect((await get('/')).body).toBe('x');
  });
});

describe('what is not there', () => {
  test('is the page’s own to show, when a person goes there', async () => {
    const { get } = await serve({ 'index.html': 'app' });
    expect(await get('/orders/7?x=1.5', HTML)).toMatchObject({
      status: 200,
      body: 'app',
      headers: { 'content-type': 'text/html;charset=utf-8' },
    });
    expect((await get('/orders/7', HTML, 'HEAD')).status).toBe(200);
  });

  test('is missing when a page asks for it', async () => {
    const { get } = await serve({ 'index.html': 'app' });
    expect((await get('/orders.js', HTML)).status).toBe(404);
    expect((await get('/api/orders', { accept: 'application/json' })).status).toBe(404);
    expect((await get('/orders')).status).toBe(404);
  });

  test('is shown as 404.html where there is one', async () => {
    const { get } = await serve({ 'index.html': 'app', '404.html': 'nothing here' });
    expect(await get('/orders', HTML)).toMatchObject({
      status: 404,
      body: 'nothing here',
      headers: { 'content-type': 'text/html;charset=utf-8' },
    });
    expect(await get('/x.js')).toMatchObject({ status: 404, body: 'nothing here' });
    expect(await get('/x', {}, 'HEAD')).toMatchObject({ status: 404, body: '', headers: { 'content-length': '12' } });
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('by %s is refused', async (method) => {
    const { get } = await serve({ 'index.html': '' });
    expect(await get('/', HTML, method)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });
});

describe('told to stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('by %s it ends, though a browser keeps a connection', async (signal) => {
    const { child, ended, ip, get } = await serve({ 'index.html': 'x' });
    await get('/');
    const kept = connect(PORT, ip);
    kept.on('error', () => undefined);
    await once(kept, 'connect');
    kept.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(kept, 'data');
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 0 });
    kept.destroy();
  });

  test('it keeps connections longer than a load balancer does', async () => {
    const { ip } = await serve({ 'index.html': 'x' });
    const outgoing = request({ host: ip, port: PORT, headers: { connection: 'keep-alive' } }).end();
    const [response] = (await once(outgoing, 'response')) as [{ headers: Files; resume(): void }];
    response.resume();
    expect(response.headers['keep-alive']).toBe('timeout=75');
    outgoing.destroy();
  });
});
