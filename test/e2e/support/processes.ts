/** Which processes belong to a stack: those that carry its state directory in their arguments or environment. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

/** The operator, the local AWS and GitHub, and the tasks with their apps; zombies have neither and are not found. */
export function processesOf(stateDir: string): readonly FoundProcess[] {
  const all = process.platform === 'linux' ? fromProc() : fromPs();
  return all
    .filter(({ pid, marks }) => pid !== process.pid && marks.includes(stateDir))
    .map(({ pid, marks }) => ({ pid, command: marks.slice(0, 200).replaceAll('\0', ' ') }));
}

type Marked = { readonly pid: number; readonly marks: string };

function fromProc(): readonly Marked[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid: Number(pid), marks: `${read(`/proc/${pid}/cmdline`)}\0${read(`/proc/${pid}/environ`)}` }));
}

/** A process may end while one reads about it. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function fromPs(): readonly Marked[] {
  const lines = execFileSync('ps', ['-axEww', '-o', 'pid=,command='], { maxBuffer: 64 * 1_024 * 1_024 }).toString();
  return lines.split('\n').map((line) => ({ pid: Number.parseInt(line, 10), marks: line }));
}
