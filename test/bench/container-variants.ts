/** The variants of one run, each measured as a person would wait for it. */
import { setTimeout as delay } from 'node:timers/promises';
import { browserHere, openPage } from './container-browser.ts';
import { cacheEnv, type Caches } from './container-cache.ts';
import type { Figures, Measured } from './container-figures.ts';
import { residentOf } from './container-memory.ts';
import { physicalParts, serial } from './container-serial.ts';
import type { Stand } from './container-stand.ts';
import { type Program, startSupervisor, type SupervisorProcess } from './container-supervisor.ts';
import { look, pageShows } from './container-visits.ts';
import { withVisitors } from './container-visitors.ts';
import { CHANGES, type Files, type Sample } from './sample/sample.ts';

export interface Run {
  readonly stand: Stand;
  readonly figures: Figures;
  readonly sample: Sample;
  readonly url: string;
  readonly number: number;
  /** As the image runs it. */
  readonly program: Program;
  readonly caches: Caches | undefined;
}

export const NO_CACHE = 'the supervisor kept nothing in CACHE_DIR';
const LOAD_MS = 5_000;
/** A development server finds out what a page needs as it is first opened, and reloads it while it does. */
const OPENED_MS = 2_000;
const REST_MS = 1_500;

export async function measureSerial({ stand, figures, url }: Run): Promise<void> {
  const { total, steps, tree } = await serial(stand, url);
  figures.add('serial', { total, parts: steps });
  const parts = await physicalParts(stand, url, tree);
  figures.add('alone', { total: Object.values(parts).reduce((sum, part) => sum + part, 0), parts });
}

/** A start without any cache, then pushes to it. */
export async function measureColdAndPushes(run: Run): Promise<void> {
  const { stand, figures, sample, url, program, number } = run;
  const supervisor = await startSupervisor(stand, { url, program, commit: sample.head });
  try {
    figures.add('cold', await measured(supervisor, supervisor.total));
    const { address } = supervisor;
    const page = `page of run ${number}`;
    await push(run, supervisor, 'push: front end', CHANGES.page(page), pageShows(address, page));
    const server = `server of run ${number}`;
    const answers = async (): Promise<boolean> => (await look(address, '/api/banner'))?.body === server;
    await push(run, supervisor, 'push: server', { ...CHANGES.page(page), ...CHANGES.server(server) }, answers);
    const lock = `lock file of run ${number}`;
    const changed = { ...CHANGES.server(server), ...(await CHANGES.lock(lock)) };
    await push(run, supervisor, 'push: lock file', changed, pageShows(address, lock));
  } finally {
    await supervisor.stop();
  }
}

/** `files` are all that differ from the sample's head. */
async function push(
  { stand, figures, sample }: Run,
  supervisor: SupervisorProcess,
  variant: string,
  files: Files,
  shown: () => Promise<boolean>,
): Promise<void> {
  const commit = await sample.push(files, sample.head);
  const { address } = supervisor;
  const { result, visits } = await withVisitors(stand, { address, paths: ['/', '/api/banner'] }, () =>
    supervisor.push(commit, shown),
  );
  figures.add(variant, await measured(supervisor, result));
  figures.visited(variant, visits);
}

/** Modules are there, built output is not. */
export async function measureSameLock({ stand, figures, sample, url, program, caches }: Run): Promise<void> {
  if (!caches) return figures.missing('same lock file', NO_CACHE);
  const env = cacheEnv(stand.copy(caches.modulesOnly, 'cache'));
  const supervisor = await startSupervisor(stand, { url, program, commit: sample.head, env });
  figures.add('same lock file', await measured(supervisor, supervisor.total));
  await supervisor.stop();
}

/** Everything is there; with what the process takes of memory, at rest and after some load. */
export async function measureSameTree(run: Run, variant: string, program: Program): Promise<void> {
  const { stand, figures, sample, url, caches } = run;
  const env = caches && cacheEnv(stand.copy(caches.everything, 'cache'));
  const supervisor = await startSupervisor(stand, { url, program, commit: sample.head, ...(env ? { env } : {}) });
  if (caches) figures.add(variant, await measured(supervisor, supervisor.total));
  else figures.missing(variant, NO_CACHE);
  await delay(REST_MS);
  const atRest = residentOf(supervisor.pid);
  const { address } = supervisor;
  const { visits } = await withVisitors(stand, { address, paths: ['/', '/api/banner'] }, () => delay(LOAD_MS));
  const loaded = residentOf(supervisor.pid);
  if (atRest && loaded) figures.resident(variant, { atRest, loaded });
  figures.visited(variant, visits);
  await supervisor.stop();
}

const HOT: Files = {
  '.mayfly.yml': `processes:
  web: { directory: ., hot: true, route: /, health: / }
  api: { directory: server, route: /api, health: /healthz }
`,
};

/** A development server that reloads: until it serves the changed module, and until an open page shows it. */
export async function measureHot(run: Run): Promise<void> {
  const { stand, figures, sample, url, program, caches, number } = run;
  const first = await sample.push(HOT, sample.head);
  const env = caches && cacheEnv(stand.copy(caches.everything, 'cache'));
  const supervisor = await startSupervisor(stand, { url, program, commit: first, ...(env ? { env } : {}) });
  try {
    figures.add('hot: start', await measured(supervisor, supervisor.total));
    await hotPush(run, supervisor, `hot text of run ${number}`);
  } finally {
    await supervisor.stop();
  }
}

async function hotPush({ stand, figures, sample }: Run, supervisor: SupervisorProcess, text: string): Promise<void> {
  const { address } = supervisor;
  const browser = browserHere();
  const page = browser === undefined ? undefined : await openPage(browser, address);
  if (!page) figures.missing('hot: open page', 'no Chromium on this machine');
  try {
    await page?.shows('#banner', 'the first text');
    if (page) await delay(OPENED_MS);
    const commit = await sample.push({ ...HOT, ...CHANGES.page(text) }, sample.head);
    const serves = async (): Promise<boolean> => (await look(address, '/src/banner.ts'))?.body.includes(text) ?? false;
    const paths = ['/', '/src/main.tsx', '/api/banner'];
    const { result, visits } = await withVisitors(stand, { address, paths }, async () => {
      const begun = performance.now();
      const opened = page?.shows('#banner', text).then(
        () => (performance.now() - begun) / 1_000,
        (error: unknown) => figures.missing('hot: open page', String(error)),
      );
      return await Promise.all([supervisor.push(commit, serves), opened]);
    });
    const [served, opened] = result;
    figures.add('hot: push', await measured(supervisor, served));
    if (typeof opened === 'number') figures.add('hot: open page', { total: opened, parts: {} });
    figures.visited('hot: push', visits);
  } finally {
    await page?.close();
  }
}

async function measured(supervisor: SupervisorProcess, total: number): Promise<Measured> {
  const { seconds, notes } = await supervisor.phases();
  return { total, parts: seconds, notes };
}
