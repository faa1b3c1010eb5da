/** The files of a commit in a directory of its own, which is then the project's. */
import { access, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PhaseContext, runCommand } from '../phases/phase.ts';
import { handOver } from '../processes/ownership.ts';
import type { Commit, Repository } from './repository.ts';

/**
 * A repository of its own that borrows the fetched objects, so that builds can ask git for their commit. Until it is
 * handed over nobody but the supervisor can enter it.
 */
export async function checkOut(
  context: PhaseContext,
  repository: Repository,
  commit: Commit,
  dir: string,
): Promise<void> {
  const { git } = repository;
  await mkdir(dir, { mode: 0o700 });
  await git.read(
    dir,
    ['init', '--quiet', '--template=', '--initial-branch=mayfly', `--object-format=${repository.format}`, '.'],
    context.signal,
  );
  await mkdir(join(dir, '.git', 'objects', 'info'), { recursive: true });
  await writeFile(join(dir, '.git', 'objects', 'info', 'alternates'), `${join(repository.dir, 'objects')}\n`);
  await copyShallow(repository.dir, join(dir, '.git'));
  await git.read(dir, ['checkout', '--quiet', '--detach', commit.commit], context.signal);
  await handOver(context, dir);
}

/**
 * Brings another commit into a checkout that was handed over, with the rights of the project: only files that differ are
 * written, which is what a development server waits for.
 */
export async function changeTo(
  context: PhaseContext,
  repository: Repository,
  commit: Commit,
  dir: string,
): Promise<void> {
  const { runAs, childEnv } = context.settings;
  const env = { ...childEnv, GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' };
  const shallow = join(repository.dir, 'shallow');
  const script = [
    'rm -f .git/index.lock',
    'test ! -f "$1" || cp "$1" .git/shallow',
    'exec git -c core.hooksPath=/dev/null checkout --quiet --force --detach "$2"',
  ].join('\n');
  const command = { file: '/bin/sh', args: ['-ec', script, 'sh', shallow, commit.commit], title: 'git checkout' };
  await runCommand(context, { phase: 'fetch', command, cwd: dir, env, runAs });
}

/** Without it git would look for the parents that a shallow fetch left out. */
async function copyShallow(from: string, to: string): Promise<void> {
  const file = join(from, 'shallow');
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (exists) await copyFile(file, join(to, 'shallow'));
  else await rm(join(to, 'shallow'), { force: true });
}
