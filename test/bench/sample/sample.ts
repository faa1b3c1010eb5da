/**
 * The sample of the container's bench: a front end at the root with its server beside it, as a bare git repository with
 * a history. Made by code from a seed, so that nothing large is kept here and every machine measures the same files.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makePng } from './png.ts';
import { makeRandom, type Random } from './random.ts';
import { serverBanner, serverFiles } from './server-files.ts';
import { featureFiles } from './web-feature.ts';
import { banner, PICTURES, sharedFiles } from './web-shared.ts';
import { FEATURES } from './words.ts';

export type Files = Readonly<Record<string, string | Buffer>>;

export const SEED = 20_261_120;
export const BRANCH = 'main';
export const COMMITS = 300;
/** Of each picture in the tree; every commit of the history replaces one of them. */
const PICTURE_SIDE = 96;
const FIRST_COMMIT_AT = 1_750_000_000;

export async function sampleFiles(seed: number): Promise<Files> {
  const random = makeRandom(seed);
  const features = FEATURES.map((feature, index) => featureFiles(feature, seed + index));
  const pictures = Array.from({ length: PICTURES }, (_, index) => [pictureName(index), makePng(random, PICTURE_SIDE)]);
  return {
    ...(await manifests('web', '')),
    ...(await manifests('server', 'server/')),
    ...sharedFiles(),
    ...serverFiles(),
    ...Object.assign({}, ...features),
    ...Object.fromEntries(pictures),
  };
}

function pictureName(index: number): string {
  return `src/assets/picture-${(index % PICTURES) + 1}.png`;
}

async function manifests(folder: string, at: string): Promise<Files> {
  const read = (name: string): Promise<string> => readFile(join(import.meta.dirname, folder, name), 'utf8');
  return {
    [`${at}package.json`]: await read('package.json'),
    [`${at}package-lock.json`]: await read('package-lock.json'),
  };
}

/** Changes that people push; `text` is what the page or the server answers afterwards. */
export const CHANGES = {
  page: (text: string): Files => ({ 'src/banner.ts': banner(text) }),
  server: (text: string): Files => ({ 'server/src/banner.ts': serverBanner(text) }),
  /** A package that was there for another one is asked for by name: another lock file, the same packages. */
  async lock(text: string): Promise<Files> {
    const files = await manifests('web', '');
    const manifest = JSON.parse(String(files['package.json'])) as { dependencies: Record<string, string> };
    const lock = JSON.parse(String(files['package-lock.json'])) as {
      packages: Record<string, { version?: string; dependencies?: Record<string, string> }>;
    };
    const version = lock.packages['node_modules/clsx']?.version;
    const root = lock.packages[''];
    if (version === undefined || !root) throw new Error("the sample's lock file has no clsx");
    root.dependencies = manifest.dependencies = { ...manifest.dependencies, clsx: version };
    return {
      'package.json': `${JSON.stringify(manifest, undefined, 2)}\n`,
      'package-lock.json': `${JSON.stringify(lock, undefined, 2)}\n`,
      ...CHANGES.page(text),
    };
  },
} as const;

export interface Sample {
  /** The bare repository. */
  readonly dir: string;
  readonly head: string;
  /** Commits `files` upon `parent` (the head when absent), which becomes the head of the branch; returns the id. */
  push(files: Files, parent?: string): Promise<string>;
}

export async function makeSample(dir: string, extra: Files = {}): Promise<Sample> {
  await mkdir(dir, { recursive: true });
  await git(dir, ['init', '--quiet', '--bare', `--initial-branch=${BRANCH}`]);
  const importing = importer(dir);
  const random = makeRandom(SEED);
  let mark = importing.commit('Harbour desk', { ...(await sampleFiles(SEED)), ...extra }, undefined);
  for (let commit = 1; commit < COMMITS; commit += 1) mark = importing.commit(...change(random, commit), mark);
  await importing.end();
  const head = await git(dir, ['rev-parse', BRANCH]);
  return { dir, head, push: (files, parent) => push(dir, files, parent ?? BRANCH) };
}

/** A commit of the history: notes grow, and a picture is drawn anew. */
function change(random: Random, commit: number): [string, Files] {
  const feature = random.pick(FEATURES);
  const notes = Array.from(
    { length: 20 + random.integer(60) },
    () => `- ${random.pick(FEATURES)} ${random.integer(9_999)}`,
  );
  return [
    `${feature}: what was found in round ${commit}`,
    {
      [`notes/${feature}-${commit % 40}.md`]: `# ${feature}\n\n${notes.join('\n')}\n`,
      [pictureName(commit)]: makePng(random, PICTURE_SIDE),
    },
  ];
}

async function push(dir: string, files: Files, parent: string): Promise<string> {
  const from = await git(dir, ['rev-parse', parent]);
  const importing = importer(dir);
  importing.commit('A change', files, from);
  await importing.end();
  return await git(dir, ['rev-parse', BRANCH]);
}

interface Importer {
  /** `from`: a mark that this returned, or a commit's id. */
  commit(message: string, files: Files, from: string | undefined): string;
  end(): Promise<void>;
}

/** One git process for any number of commits. */
function importer(dir: string): Importer {
  const child = spawn('git', ['fast-import', '--quiet', '--force'], { cwd: dir, stdio: ['pipe', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  let marks = 0;
  const data = (content: string | Buffer): void => {
    const bytes = Buffer.from(content as string);
    child.stdin.write(`data ${bytes.length}\n`);
    child.stdin.write(bytes);
    child.stdin.write('\n');
  };
  return {
    commit(message, files, from) {
      marks += 1;
      child.stdin.write(`commit refs/heads/${BRANCH}\nmark :${marks}\n`);
      child.stdin.write(`committer Sample <sample@example.com> ${FIRST_COMMIT_AT + marks * 3_600} +0000\n`);
      data(message);
      if (from !== undefined) child.stdin.write(`from ${from}\n`);
      for (const [path, content] of Object.entries(files)) {
        child.stdin.write(`M 100644 inline ${path}\n`);
        data(content);
      }
      return `:${marks}`;
    },
    async end() {
      child.stdin.end();
      const [code] = (await exited) as [number | null];
      if (code !== 0) throw new Error(`git fast-import exited with code ${code}`);
    },
  };
}

async function git(cwd: string, args: readonly string[]): Promise<string> {
  const child = spawn('git', args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`git ${args[0] ?? ''} exited with code ${code}`);
  return text.trim();
}
