/** Keeps two local AWSes out of one state directory: each would overwrite what the other wrote. */
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startTimeOf } from './runner/process-identity.ts';

interface Owner {
  readonly pid: number;
  readonly startedAt?: string | undefined;
}

/** Resolves to what releases it. Throws when a living process holds it; takes over from a dead one. */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'lock');
  const owner = await readOwner(file);
  if (owner !== undefined && isAlive(owner)) {
    throw new Error(`the state directory ${directory} is in use by process ${owner.pid}`);
  }
  await rm(file, { force: true });
  await create(file, directory);
  return () => rm(file, { force: true });
}

async function create(file: string, directory: string): Promise<void> {
  const handle = await open(file, 'wx').catch((error: unknown) => {
    throw new Error(`the state directory ${directory} was taken by another process just now`, { cause: error });
  });
  try {
    await handle.writeFile(JSON.stringify({ pid: process.pid, startedAt: startTimeOf(process.pid) } satisfies Owner));
  } finally {
    await handle.close();
  }
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Owner;
  } catch {
    // Absent, or half-written by a process that died over it.
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  const startTime = startTimeOf(owner.pid);
  return startTime !== undefined && startTime === owner.startedAt;
}
