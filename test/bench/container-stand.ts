/** What the variants of the container's bench share: a place in memory, an environment for commands, a way to run them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Stand {
  readonly dir: string;
  /** True: files cost next to nothing (tmpfs). */
  readonly inMemory: boolean;
  readonly signal: AbortSignal;
  /** An address of its own for whatever listens next. */
  address(): string;
  /** An empty directory that stays. */
  keep(name: string): string;
  /** An empty directory until the next `sweep`. */
  fresh(name: string): string;
  /** A copy of a directory that may be written to, until the next `sweep`. */
  copy(from: string, name: string): string;
  /** Removes what no later run needs: one run leaves a gigabyte. */
  sweep(): Promise<void>;
  /** What commands see: of this process's environment what is not npm's, and an empty cache for npm. */
  env(more?: Readonly<Record<string, string>>): Record<string, string>;
  /** Runs a command to its end and returns the seconds that it took. Throws with its last lines when it fails. */
  run(command: readonly string[], options: RunOptions): Promise<number>;
  /** Whatever a bench starts that lives on; ended with the stand when it was not before. */
  start(command: readonly string[], options: RunOptions): Running;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Running {
  readonly pid: number;
  readonly exited: Promise<number | null>;
  tail(): string;
  stop(): Promise<void>;
}

const IN_MEMORY = '/dev/shm';
const TAIL_LINES = 15;
const KILL_AFTER_MS = 20_000;

export async function openStand(signal: AbortSignal): Promise<Stand> {
  const inMemory = existsSync(IN_MEMORY);
  const dir = await mkdtemp(join(inMemory ? IN_MEMORY : tmpdir(), 'mayfly-bench-'));
  const running = new Set<Running>();
  const passing = join(dir, 'passing');
  let made = 0;
  const make = (parent: string, name: string): string => {
    made += 1;
    const place = join(parent, `${made}-${name}`);
    mkdirSync(place, { recursive: true });
    return place;
  };
  const keep = (name: string): string => make(dir, name);
  const fresh = (name: string): string => make(passing, name);
  const start = (command: readonly string[], options: RunOptions): Running => {
    const one = startOne(command, options, join(keep('log'), 'output'));
    running.add(one);
    void one.exited.then(() => running.delete(one));
    return one;
  };
  return {
    dir,
    inMemory,
    signal,
    keep,
    fresh,
    start,
    address: () => {
      made += 1;
      return `127.61.${Math.floor(made / 250)}.${(made % 250) + 1}`;
    },
    copy(from, name) {
      const place = fresh(name);
      cpSync(from, place, { recursive: true, verbatimSymlinks: true });
      return place;
    },
    sweep: () => rm(passing, { recursive: true, force: true, maxRetries: 3 }),
    env: (more = {}) => ({ ...inherited(), ...QUIET_NPM, npm_config_cache: fresh('npm-cache'), ...more }),
    async run(command, options) {
      const begun = performance.now();
      const one = start(command, options);
      const stop = (): void => void one.stop();
      signal.addEventListener('abort', stop, { once: true });
      const code = await one.exited;
      signal.removeEventListener('abort', stop);
      signal.throwIfAborted();
      if (code !== 0) throw new Error(`${command.join(' ')} exited with code ${code}:\n${one.tail()}`);
      return (performance.now() - begun) / 1_000;
    },
    async close() {
      await Promise.all([...running].map((one) => one.stop()));
      await rm(dir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Calls to the registry that install nothing would be noise, so that nobody makes them. */
const QUIET_NPM = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false' };

/** Without what `npm run bench` leaves for its own script, and with the Node of this process first. */
function inherited(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(?:npm_|INIT_CWD$|NODE_OPTIONS$)/.test(entry[0]),
  );
  const env = Object.fromEntries(kept);
  return { ...env, PATH: `${dirname(process.execPath)}:${env['PATH'] ?? ''}` };
}

function startOne([file = '', ...args]: readonly string[], options: RunOptions, logFile: string): Running {
  const log = openSync(logFile, 'a');
  // A group of its own: what it forks ends with it, and Ctrl-C reaches the bench alone.
  const child = spawn(file, args, { ...options, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const exited = endOf(child);
  return {
    pid: child.pid ?? -1,
    exited,
    tail: () => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n'),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const group = -child.pid;
      child.kill('SIGTERM');
      const timer = setTimeout(() => process.kill(group, 'SIGKILL'), KILL_AFTER_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

async function endOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}
