/** What the machine offers to a recipe. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Manager, Surroundings } from '../recipe/recipe.ts';
import type { Settings } from '../settings.ts';

export async function readSurroundings(settings: Settings): Promise<Surroundings> {
  const managers = new Set<Manager>(['npm']);
  for (const manager of ['pnpm', 'yarn'] as const) {
    if (await isOnPath(manager, settings.childEnv['PATH'] ?? '')) managers.add(manager);
  }
  return { managers, publicHost: settings.publicHost, healthPath: settings.healthPath };
}

async function isOnPath(name: string, path: string): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    const found = await access(join(folder, name), constants.X_OK).then(
      () => folder !== '',
      () => false,
    );
    if (found) return true;
  }
  return false;
}
