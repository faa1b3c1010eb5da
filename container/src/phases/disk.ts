/** A full disk, told so that people notice. */
import { statfs } from 'node:fs/promises';

/** Programs tell of a full disk somewhere in their output; people should read it in the message. */
export async function diskNote(cwd: string, lines: readonly string[]): Promise<string> {
  if (!lines.some((line) => /ENOSPC|no space left on device|out of diskspace/i.test(line))) return '';
  const { blocks, bsize } = await statfs(cwd);
  const size = Math.round((blocks * bsize) / 1_048_576);
  return `: the disk (${size} MiB) is full. Give the task more storage, or install and build less`;
}
