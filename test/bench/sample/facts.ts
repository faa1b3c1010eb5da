/** What the sample consists of, in a line for people. */
import { COMMITS, type Files, SEED, sampleFiles } from './sample.ts';

const NAMED = {
  'package-lock.json': ['react', '@mui/material', '@tanstack/react-query', 'vite', 'typescript'],
  'server/package-lock.json': ['express', 'typescript'],
} as const;

export async function sampleFacts(): Promise<string> {
  const files = await sampleFiles(SEED);
  const sources = Object.keys(files).filter((path) => /\.tsx?$/.test(path));
  const inServer = sources.filter((path) => path.startsWith('server/')).length;
  const parts = Object.entries(NAMED).map(([path, names]) => installed(files, path, names));
  return `seed ${SEED}, ${COMMITS} commits, ${sources.length - inServer} front-end and ${inServer} server sources; ${parts.join('; ')}`;
}

function installed(files: Files, path: string, names: readonly string[]): string {
  const lock = JSON.parse(String(files[path])) as { packages: Record<string, { version?: string }> };
  const versions = names.map((name) => `${name} ${lock.packages[`node_modules/${name}`]?.version ?? '?'}`);
  const entries = Object.keys(lock.packages).length - 1;
  return `${path}: ${entries} entries, ${versions.join(', ')}`;
}
