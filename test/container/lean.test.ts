import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { address, app, makeRepository, taskEnv, temporary } from './stage.ts';

const SOURCES = join(import.meta.dirname, '../../container/src');
/** Tells at the end which parts of Node were loaded. */
const TELL = `process.on('exit', () => process.stderr.write('LOADED ' + process.moduleLoadList.join(',')))`;
const UNUSED = /^NativeModule (?:internal\/deps\/undici\/undici|http2|https|tls)$/;

describe('the supervisor', () => {
  test('loads no client of the web, no TLS and no HTTP/2, none of which it uses', () => {
    const repository = makeRepository();
    repository.commit(app('v1'));
    // One port for both ends it when everything is loaded.
    const env = { ...taskEnv(repository, address()), WORK_DIR: temporary(), CONTROL_PORT: '3001' };
    const preload = `data:text/javascript,${encodeURIComponent(TELL)}`;
    const task = spawnSync(process.execPath, ['--import', preload, join(SOURCES, 'main.ts')], {
      env,
      encoding: 'utf8',
    });
    expect(task.stdout).toContain('EADDRINUSE');
    const loaded = /LOADED (.*)$/s.exec(task.stderr)?.[1]?.split(',') ?? [];
    expect(loaded).toContain('NativeModule http');
    expect(loaded.filter((name) => UNUSED.test(name))).toEqual([]);
  });

  test('can fetch all the same', () => {
    const script = `
      const { leaveOutWebClients } = await import('./lean.ts');
      leaveOutWebClients();
      const { createServer } = await import('node:http');
      const server = createServer((_, response) => response.end('fetched')).listen(0, '127.0.0.1', async () => {
        console.log(await (await fetch('http://127.0.0.1:' + server.address().port)).text());
        process.exit();
      })`;
    const args = ['--input-type=module', '-e', script];
    expect(execFileSync(process.execPath, args, { cwd: SOURCES, encoding: 'utf8' })).toBe('fetched\n');
  });
});
