/** The real supervisor as a process of its own, as a task runs it, and the operator's side of its control port. */
import { generateKeyPairSync } from 'node:crypto';
import { makeControlClient } from '../../src/control/client.ts';
import { publicKeyOf } from '../../src/control/signing.ts';
import type { SupervisorReport } from '../../src/model/observed.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { Steps } from './container-serial.ts';
import type { Stand } from './container-stand.ts';
import { answersOk, become, HOST, PORT } from './container-visits.ts';
import { BRANCH } from './sample/sample.ts';

const SESSION = 'bench-main';
const LIMIT_MS = 180_000;

const KEY = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const CLIENT = makeControlClient({ signingKey: KEY, timeoutMs: 5_000, clock: systemClock, secrets: [] });

export interface StartOptions {
  readonly url: string;
  readonly commit: string;
  /** Arguments of Node: flags, and the supervisor's entry. */
  readonly program: Program;
  readonly env?: Readonly<Record<string, string>>;
}

export type Program = readonly string[];

export interface SupervisorProcess {
  readonly pid: number;
  readonly address: string;
  /** From the start of the process until the page answered. */
  readonly total: number;
  /** Seconds by phase of the newest job, with its notes. */
  phases(): Promise<Phases>;
  /** Orders the commit, and resolves with the seconds until `shown` once the job is over too. */
  push(commit: string, shown: () => Promise<boolean>): Promise<number>;
  stop(): Promise<void>;
}

export interface Phases {
  readonly seconds: Steps;
  readonly notes: Readonly<Record<string, string>>;
}

/** Resolves once it is ready and the page answers. */
export async function startSupervisor(stand: Stand, options: StartOptions): Promise<SupervisorProcess> {
  const address = stand.address();
  const env = stand.env({ ...taskEnv(stand, options, address), ...options.env });
  const begun = performance.now();
  const running = stand.start([process.execPath, ...options.program], { cwd: stand.dir, env });
  let ended = false;
  void running.exited.then(() => (ended = true));
  const patience = {
    signal: stand.signal,
    limitMs: LIMIT_MS,
    hopeless: () => (ended ? `the supervisor ended:\n${running.tail()}` : undefined),
  };
  await become('the environment is ready', () => answersOk(address, `/.mayfly/ready/${SESSION}`), patience);
  await become('the page answers', () => answersOk(address, '/'), patience);
  const total = (performance.now() - begun) / 1_000;
  const report = (): Promise<SupervisorReport> => reportOf(address);
  return {
    pid: running.pid,
    address,
    total,
    phases: async () => phasesOf(await report()),
    async push(commit, shown) {
      const ordered = performance.now();
      await CLIENT.sync(address, SESSION, { branch: BRANCH, commit });
      const failed = { ...patience, hopeless: () => patience.hopeless() ?? failure };
      let failure: string | undefined;
      const watch = setInterval(
        () =>
          void report().then(
            (now) => (failure = failureOf(now)),
            () => undefined,
          ),
        1_000,
      );
      await become('the push shows', shown, failed).finally(() => clearInterval(watch));
      const took = (performance.now() - ordered) / 1_000;
      await become('the job is over', async () => settled(await report(), commit), failed);
      return took;
    },
    stop: () => running.stop(),
  };
}

function settled({ job, liveCommit }: SupervisorReport, commit: string): boolean {
  return job === undefined && liveCommit === commit;
}

function failureOf({ failure }: SupervisorReport): string | undefined {
  return failure && [`${failure.phase} failed: ${failure.message}`, ...failure.logTail].join('\n');
}

async function reportOf(address: string): Promise<SupervisorReport> {
  const answer = await CLIENT.report(address, SESSION);
  if (!answer.ok) throw new Error(answer.message);
  return answer.report;
}

function phasesOf({ phases = [] }: SupervisorReport): Phases {
  const seconds = phases.map(({ phase, startedAt, endedAt = startedAt }): [string, number] => [
    phase,
    (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000,
  ]);
  const notes = phases.flatMap(({ phase, note }): [string, string][] => (note === undefined ? [] : [[phase, note]]));
  return { seconds: Object.fromEntries(seconds), notes: Object.fromEntries(notes) };
}

/** As container/README.md says. */
function taskEnv(stand: Stand, { url, commit }: StartOptions, address: string): Record<string, string> {
  return {
    SESSION_ID: SESSION,
    REPO: 'bench/sample',
    BRANCH,
    COMMIT: commit,
    PR_NUMBER: '1',
    PUBLIC_URL: `http://${HOST}:${PORT}`,
    PORT: String(PORT),
    NODE_ENV: 'production',
    MAYFLY_PUBLIC_KEY: publicKeyOf(KEY),
    GIT_URL: `${url.replace(/bench\/sample\.git$/, '')}{repo}.git`,
    BIND_ADDRESS: address,
    WORK_DIR: stand.fresh('work'),
    HEALTH_PATH: '/healthz',
  };
}
