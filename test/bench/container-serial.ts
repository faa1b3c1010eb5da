/** The serial way that a hand-written entrypoint goes, step by step, and the physical parts of it alone. */
import { join } from 'node:path';
import type { Stand } from './container-stand.ts';
import { answersOk, become, PORT } from './container-visits.ts';
import { BRANCH } from './sample/sample.ts';

/** Seconds by step, in their order. */
export type Steps = Readonly<Record<string, number>>;

const LIMIT_MS = 60_000;

export interface Serial {
  readonly total: number;
  readonly steps: Steps;
  /** The built tree. */
  readonly tree: string;
}

/** From an empty directory until the page and the server's health answer. */
export async function serial(stand: Stand, url: string): Promise<Serial> {
  const place = stand.fresh('serial');
  const tree = join(place, 'tree');
  const server = join(tree, 'server');
  const env = stand.env();
  const begun = performance.now();
  const steps: Record<string, number> = {};
  steps['git clone'] = await stand.run(['git', 'clone', '--quiet', '--branch', BRANCH, url, tree], { cwd: place, env });
  steps['npm ci'] = await stand.run(['npm', 'ci'], { cwd: tree, env });
  steps['vite build'] = await stand.run(['npm', 'run', 'build'], { cwd: tree, env });
  steps['npm ci, server'] = await stand.run(['npm', 'ci'], { cwd: server, env });
  steps['tsc, server'] = await stand.run(['npm', 'run', 'build'], { cwd: server, env });
  steps['start'] = await startAlone(stand, tree);
  return { total: (performance.now() - begun) / 1_000, steps, tree };
}

/** Of a built tree: from the command to the first answers of page and health. */
async function startAlone(stand: Stand, tree: string): Promise<number> {
  const address = stand.address();
  const begun = performance.now();
  const env = stand.env({ HOST: address, PORT: String(PORT), NODE_ENV: 'production' });
  const app = stand.start(['node', 'dist/index.js'], { cwd: join(tree, 'server'), env });
  let ended = false;
  void app.exited.then(() => (ended = true));
  const patience = {
    signal: stand.signal,
    limitMs: LIMIT_MS,
    hopeless: () => (ended ? `it ended:\n${app.tail()}` : undefined),
  };
  await become('the server answers', () => answersOk(address, '/healthz'), patience);
  await become('the page answers', () => answersOk(address, '/'), patience);
  const took = (performance.now() - begun) / 1_000;
  await app.stop();
  return took;
}

/** What no pipeline can do without, measured in a tree that is built. */
export async function physicalParts(stand: Stand, url: string, tree: string): Promise<Steps> {
  const env = stand.env();
  const bare = stand.fresh('fetch');
  await stand.run(['git', 'init', '--quiet', '--template='], { cwd: bare, env });
  const server = join(tree, 'server');
  const fetch = ['git', 'fetch', '--quiet', '--no-tags', '--depth', '1', url, BRANCH];
  return {
    'fetch depth 1': await stand.run(fetch, { cwd: bare, env }),
    'check out': await stand.run(['git', 'checkout', '--quiet', 'FETCH_HEAD'], { cwd: bare, env }),
    'vite alone': await stand.run(['node', 'node_modules/vite/bin/vite.js', 'build'], { cwd: tree, env }),
    'tsc alone': await stand.run(['node', 'node_modules/typescript/bin/tsc'], { cwd: server, env }),
    'server alone': await startAlone(stand, tree),
  };
}
