/** Whether what runs in a directory finds all its modules there, so that those of the directories above can wait. */
import { join } from 'node:path';
import { isSelfContained } from '../phases/modules.ts';
import type { Install, Source } from '../recipe/recipe.ts';

export interface Place {
  readonly directory: string;
  readonly purpose: 'build' | 'run';
}

export interface Situation {
  readonly places: readonly Place[];
  /** What is installed already. */
  readonly installs: readonly Install[];
}

/** Servers that render a front end load its modules, from where it was built. */
const RENDERS = '--ssr|ssrLoadModule|entry-server|renderTo[A-Z]';
const CODE = ['*.js', '*.jsx', '*.ts', '*.tsx', '*.mjs', '*.mts', '*.cjs', '*.vue', '*.svelte', '*package.json'];

/** True when every place has its own modules, and in them all that its package asks for. */
export async function standAlone(dir: string, source: Source, { places, installs }: Situation): Promise<boolean> {
  if ((await source.grep(RENDERS, CODE)).length > 0) return false;
  const checks = places.map(async ({ directory, purpose }) => {
    if (!installs.some((install) => install.directory === directory)) return false;
    const manifest = await source.text(directory === '' ? 'package.json' : `${directory}/package.json`);
    return await isSelfContained(join(dir, directory), dependenciesOf(manifest, purpose));
  });
  return (await Promise.all(checks)).every(Boolean);
}

const KINDS = { run: ['dependencies'], build: ['dependencies', 'devDependencies'] } as const;

/** The recipe was read from the same text, so it is valid. */
function dependenciesOf(manifest: string | undefined, purpose: Place['purpose']): readonly string[] {
  const parsed = JSON.parse(manifest ?? '{}') as Readonly<Record<string, object | undefined>>;
  return KINDS[purpose].flatMap((kind) => Object.keys(parsed[kind] ?? {}));
}
