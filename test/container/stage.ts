/** A stage for the supervisor: real git repositories, an address of its own, and the operator's keys. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { makeLog } from '../../container/src/log/log.ts';
import { readSettings } from '../../container/src/settings.ts';
import { startSupervisor, type Supervisor } from '../../container/src/supervisor.ts';
import { TIMINGS, type Timings } from '../../container/src/timings.ts';
import { makeControlClient } from '../../src/control/client.ts';
import type { ControlPort } from '../../src/control/port.ts';
import { publicKeyOf } from '../../src/control/signing.ts';
import type { SupervisorReport } from '../../src/model/observed.ts';
import { systemClock } from '../../src/runtime/clock.ts';

export const SESSION = 'tt-feature';
export const HOST = `${SESSION}.preview.test`;

export type Files = Readonly<Record<string, string>>;

export interface Repository {
  /** For GIT_URL; has `{repo}` in it. */
  readonly url: string;
  readonly dir: string;
  /** Commits these files, and nothing else, on the branch; returns the commit's id. */
  commit(files: Files, branch?: string): string;
  git(...args: string[]): string;
}

const NO_CONFIG = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };

export function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mayfly-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}

export function makeRepository(): Repository {
  const root = temporary();
  const dir = join(root, 'acme', 'shop.git');
  mkdirSync(dir, { recursive: true });
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args], {
      cwd: dir,
      env: { ...process.env, ...NO_CONFIG },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  git('init', '--quiet', '--initial-branch=feature');
  return {
    url: `file://${root}/{repo}.git`,
    dir,
    git,
    commit(files, branch = 'feature') {
      git('symbolic-ref', 'HEAD', `refs/heads/${branch}`);
      git('rm', '-rfq', '--ignore-unmatch', '.');
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(dir, name)), { recursive: true });
        writeFileSync(join(dir, name), text);
      }
      git('add', '--force', '.');
      git('commit', '--quiet', '--allow-empty', '-m', 'a change');
      return git('rev-parse', 'HEAD');
    },
  };
}

/** Answers `text` everywhere; `/slow` after 700 ms, `/env` with its environment, `/die` by ending, `/pid`. */
export const SERVER = (text: string): string => `
import { createServer } from 'node:http';
const server = createServer((request, response) => {
  response.setHeader('keep-alive', 'timeout=1');
  if (request.url === '/die') process.exit(7);
  if (request.url === '/slow') return setTimeout(() => response.end('slow ${text}'), 700);
  if (request.url === '/env') return response.end(JSON.stringify(process.env));
  if (request.url === '/headers') return response.end(JSON.stringify(request.headers));
  if (request.url === '/pid') return response.end(String(process.pid));
  if (request.url === '/echo') return request.pipe(response);
  if (request.url === '/broken') { response.statusCode = 500; return response.end('broken'); }
  response.end('${text}');
});
server.on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n');
  socket.write('hello from ${text};');
  socket.on('data', (chunk) => socket.write(chunk));
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
});
server.listen(Number(process.env.PORT), process.env.HOST, () => console.log('app ${text} listens'));
`;

/** As npm writes it. */
const LOCK = `${JSON.stringify({ name: 'app', lockfileVersion: 3, requires: true, packages: { '': { name: 'app' } } }, null, 2)}\n`;

/** A project without dependencies that serves `text`. */
export function app(text: string, scripts: Readonly<Record<string, string>> = {}, files: Files = {}): Files {
  return {
    'package.json': JSON.stringify({ name: 'app', type: 'module', scripts: { start: 'node server.js', ...scripts } }),
    'package-lock.json': LOCK,
    'server.js': SERVER(text),
    ...files,
  };
}

export const KEY = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Of this process alone: several runs of tests may share a machine, and all use the real ports. */
const BLOCK = `127.${100 + (Math.floor(process.pid / 250) % 100)}.${process.pid % 250}`;
let used = 0;
export function address(): string {
  used += 1;
  return `${BLOCK}.${(used % 250) + 1}`;
}

/** Short, so that tests do not wait. */
export const QUICK: Timings = {
  ...TIMINGS,
  pollMs: 20,
  probeFreshMs: 20,
  drainMs: 2_000,
  killAfterMs: 1_000,
  cancelAfterMs: 1_000,
  lingerMs: 600,
  stopDrainMs: 300,
  stopKillAfterMs: 1_000,
  restartDelaysMs: [10, 10, 10, 10],
};

export function taskEnv(repository: Repository, ip: string, more: Files = {}): Record<string, string> {
  const base = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/root', ...NO_CONFIG };
  return {
    ...base,
    SESSION_ID: SESSION,
    REPO: 'acme/shop',
    BRANCH: 'feature',
    COMMIT: '',
    PR_NUMBER: '12',
    PUBLIC_URL: `http://${HOST}:8000`,
    PORT: '3001',
    NODE_ENV: 'production',
    MAYFLY_PUBLIC_KEY: publicKeyOf(KEY),
    GIT_URL: repository.url,
    BIND_ADDRESS: ip,
    START_DEADLINE_SECONDS: '10',
    ...more,
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Ask {
  readonly ip: string;
  readonly port?: number;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request on a connection of its own. */
export function ask({ ip, port = 3_001, path = '/', method = 'GET', headers = {}, body }: Ask): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: ip, port, path, method, agent: false, headers: { host: HOST, ...headers } });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('error', reject);
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    outgoing.end(body);
  });
}

export async function until<T>(read: () => Promise<T> | T, good: (value: T) => boolean, withinMs = 15_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await read();
    if (good(value)) return value;
    if (performance.now() > deadline) throw new Error(`not seen within ${withinMs} ms; last: ${JSON.stringify(value)}`);
    await delay(20);
  }
}

export interface Environment {
  readonly ip: string;
  readonly supervisor: Supervisor;
  readonly client: ControlPort;
  /** Everything logged so far. */
  readonly lines: string[];
  get(path?: string, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  sync(commit: string): Promise<void>;
  report(): Promise<SupervisorReport>;
  /** Until the report is as wanted. */
  reported(good: (report: SupervisorReport) => boolean): Promise<SupervisorReport>;
}

export interface EnvironmentOptions {
  readonly repository: Repository;
  readonly env?: Files;
  readonly timings?: Partial<Timings>;
}

/** In this process; stopped when the test ends. */
export async function startEnvironment({ repository, env = {}, timings }: EnvironmentOptions): Promise<Environment> {
  const ip = address();
  const lines: string[] = [];
  const log = makeLog((text) => lines.push(text.trimEnd()));
  const settings = readSettings(taskEnv(repository, ip, { WORK_DIR: temporary(), ...env }));
  const supervisor = await startSupervisor(settings, log, { ...QUICK, ...timings });
  onTestFinished(async () => {
    supervisor.stop();
    await supervisor.done;
  });
  const client = makeControlClient({ signingKey: KEY, timeoutMs: 5_000, clock: systemClock, secrets: [] });
  const report = async (): Promise<SupervisorReport> => {
    const answer = await client.report(ip, SESSION);
    if (!answer.ok) throw new Error(answer.message);
    return answer.report;
  };
  return {
    ip,
    supervisor,
    client,
    lines,
    report,
    get: (path = '/', headers = {}) => ask({ ip, path, headers }),
    sync: (commit) => client.sync(ip, SESSION, { branch: 'feature', commit }),
    reported: (good) => until(report, good),
  };
}

/** Serving `commit` healthily, with nothing under way. */
export function serves(commit: string): (report: SupervisorReport) => boolean {
  return (report) => report.liveCommit === commit && report.healthy && report.job === undefined;
}
