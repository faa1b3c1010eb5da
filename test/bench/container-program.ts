/** The supervisor's program in its two forms: as the image runs it, and from TypeScript as the demo runs it. */
import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Stand } from './container-stand.ts';
import type { Program } from './container-supervisor.ts';

const ROOT = join(import.meta.dirname, '../..');
const CONTAINER = join(ROOT, 'container');

export const FROM_TYPESCRIPT: Program = [join(CONTAINER, 'src/main.ts')];

/** Compiled, with the flags of the image's own entry point. */
export async function compiled(stand: Stand): Promise<Program> {
  const place = stand.keep('supervisor');
  const env = stand.env();
  const out = join(place, 'dist');
  await stand.run(['npm', 'run', 'build', '--workspace=container', '--', '--outDir', out], { cwd: ROOT, env });
  cpSync(join(CONTAINER, 'package.json'), join(place, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'));
  return [...flags(), join(out, 'main.js')];
}

export function flags(): readonly string[] {
  const dockerfile = readFileSync(join(CONTAINER, 'Dockerfile'), 'utf8');
  const entry = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]';
  return (JSON.parse(entry) as string[]).filter((word) => /^--./.test(word));
}
