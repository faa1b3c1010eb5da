/**
 * A supervisor in a process of its own, as in the image: its memory, environment and files are its own, and the
 * project's code runs as another user where the tests run as root.
 */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { makeControlClient } from '../../src/control/client.ts';
import type { ControlPort } from '../../src/control/port.ts';
import type { SupervisorReport } from '../../src/model/observed.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import {
  address,
  ask,
  type Files,
  KEY,
  type Reply,
  type Repository,
  SESSION,
  taskEnv,
  temporary,
  until,
} from './stage.ts';

const MAIN = fileURLToPath(new URL('../../container/src/main.ts', import.meta.url));
export const NOBODY = 65_534;
export const IS_ROOT = process.getuid?.() === 0;
/** A heap in which 100 MB have no place. */
const SMALL_HEAP = ['--max-old-space-size=64', '--max-semi-space-size=4'];

/** Two directories that the project's code may pass through and write to, where that is another user. */
export function surroundings(): { WORK_DIR: string; HOME: string; APP_UID: string } {
  const work = temporary();
  chmodSync(work, 0o755);
  return { WORK_DIR: work, HOME: open(), APP_UID: IS_ROOT ? String(NOBODY) : '' };
}

/** A directory that belongs to the project's user. */
export function open(): string {
  const dir = temporary();
  if (IS_ROOT) chownSync(dir, NOBODY, NOBODY);
  return dir;
}

export interface Task {
  readonly pid: number;
  readonly ip: string;
  readonly client: ControlPort;
  readonly ended: Promise<number | null>;
  /** What it printed. */
  output(): string;
  stop(): Promise<number | null>;
  get(path?: string): Promise<Reply>;
  /** What a shell with the rights of the app prints; the app is one of `SHELL_APP`. */
  sh(script: string): Promise<string>;
  sync(commit: string): Promise<void>;
  reported(good: (report: SupervisorReport) => boolean): Promise<SupervisorReport>;
  /** The most memory that it ever had, in MB. */
  peak(): number;
}

export function startTask(repository: Repository, env: Files): Task {
  const ip = env['BIND_ADDRESS'] === '0.0.0.0' ? '127.0.0.1' : address();
  const vars = { ...taskEnv(repository, ip), ...env };
  const ports = { proxy: Number(vars['PORT']), control: Number(env['CONTROL_PORT'] ?? 8_080) };
  const child = spawn(process.execPath, [...SMALL_HEAP, MAIN], { env: vars, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    return await ended;
  };
  onTestFinished(async () => void (await stop()));
  const client = makeControlClient({
    signingKey: KEY,
    port: ports.control,
    timeoutMs: 5_000,
    clock: systemClock,
    secrets: [],
  });
  const get = (path = '/'): Promise<Reply> => ask({ ip, port: ports.proxy, path });
  return {
    pid: child.pid ?? 0,
    ip,
    client,
    ended,
    output: () => output,
    stop,
    get,
    sh: async (body) => (await ask({ ip, port: ports.proxy, path: '/sh', method: 'POST', body })).body,
    sync: (commit) => client.sync(ip, SESSION, { branch: 'feature', commit }),
    reported: async (good) => {
      const answer = await until(
        () => client.report(ip, SESSION),
        (each) => each.ok && good(each.report),
        60_000,
      );
      if (!answer.ok) throw new Error(answer.message);
      return answer.report;
    },
    peak: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1_024,
  };
}

/**
 * An app that does what it is told: `POST /sh` runs a script, `/flood` prints 100 MB before it answers, everything else answers `text`, or
 * 500 once there is a file `sick`. It answers as the supervisor does under the supervisor's paths, always with 200.
 */
export const SHELL_APP = (text: string): string => `
const { createServer } = require('node:http');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
createServer((request, response) => {
  if (request.url.startsWith('/.mayfly/')) return response.end('forged');
  if (request.url === '/flood') return flood(response);
  if (request.url === '/pid') return response.end(String(process.pid));
  if (request.url !== '/sh') { response.statusCode = fs.existsSync('sick') ? 500 : 200; return response.end('${text}'); }
  let script = '';
  request.on('data', (chunk) => (script += chunk)).on('end', () =>
    execFile('sh', ['-c', script], (error, stdout, stderr) => response.end(stdout + stderr)).stdin.end());
}).listen(process.env.PORT, process.env.HOST);
function flood(response) {
  const child = require('node:child_process').spawn(process.execPath, ['flood.cjs'], { stdio: 'inherit' });
  child.on('exit', () => response.end('flooded'));
}
`;

/** Prints 100 MB as fast as they are taken, and then a last line. */
export const FLOOD = `
const block = Buffer.from(('x'.repeat(99) + '\\n').repeat(1000));
const fs = require('node:fs');
const write = (data) => { for (let at = 0; at < data.length; ) { try { at += fs.writeSync(1, data, at); } catch (error) { if (error.code !== 'EAGAIN') throw error; } } };
for (let i = 0; i < 1000; i += 1) write(block);
write(Buffer.from('the end of the flood\\n'));
`;
