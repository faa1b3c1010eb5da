/**
 * Directories of code that runs as another user than the supervisor. Until a checkout is handed over nobody else can
 * enter it; afterwards the supervisor changes nothing in it with its own rights, since the code could have put a link
 * in the way.
 */
import { chmod, lstat, mkdir, mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type PhaseContext, runCommand } from '../phases/phase.ts';
import { type Identity, spawnGroup } from './process-group.ts';

/** A fresh directory each time: two tasks of one session on one machine must not meet. Others may only pass through. */
export async function makeWorkDir(parent: string, session: string, runAs: Identity | undefined): Promise<string> {
  await mkdir(parent, { recursive: true });
  const dir = await mkdtemp(join(parent, `mayfly-${session}-`));
  if (runAs) await chmod(dir, 0o711);
  return dir;
}

/** Gives a whole checkout, links themselves and not what they lead to, to the user that will run it. */
export async function handOver(context: PhaseContext, dir: string): Promise<void> {
  const { runAs, childEnv: env } = context.settings;
  if (!runAs) return;
  const args = ['-h', '-R', `${runAs.uid}:${runAs.gid}`, dir];
  await runCommand(context, { phase: 'install', command: { file: 'chown', args, title: 'chown' }, cwd: dir, env });
}

/** What cannot be removed costs disk space until the task ends; it is no reason to stop serving. */
export async function remove(dir: string, runAs: Identity | undefined): Promise<void> {
  await removeAs(dir, runAs && (await isOwnedBy(dir, runAs)) ? runAs : undefined);
}

export async function removeWorkDir(workDir: string, runAs: Identity | undefined): Promise<void> {
  const names = await readdir(workDir).catch(() => []);
  for (const name of names) await remove(join(workDir, name), runAs);
  await rmdir(workDir).catch(() => undefined);
}

async function isOwnedBy(path: string, { uid }: Identity): Promise<boolean> {
  return await lstat(path).then(
    (found) => found.uid === uid,
    () => false,
  );
}

/**
 * The owner empties it; only the supervisor may take the empty directory out of its parent. Always by a child: Node's
 * own removal of an installation holds up for a second what passes through the proxy.
 */
async function removeAs(dir: string, owner: Identity | undefined): Promise<void> {
  const command = { file: 'rm', args: ['-rf', '--', dir], title: 'rm' };
  const env = { PATH: process.env['PATH'] ?? '' };
  await spawnGroup(command, { cwd: '/', env, onLine: () => undefined, runAs: owner }).exited;
  await rmdir(dir).catch(() => undefined);
}
