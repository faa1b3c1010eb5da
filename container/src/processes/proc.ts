/** What Linux tells of processes. Elsewhere there is no /proc, and so no process. */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';

export interface ProcessInfo {
  readonly pid: number;
  readonly ppid: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks after the machine's start: with the pid, it names one process for good. */
  readonly startedAt: number;
  /** Of itself and of the children that it waited for. */
  readonly cpuTicks: number;
}

export type ProcessTable = ReadonlyMap<number, ProcessInfo>;

/** USER_HZ, which Linux keeps at 100 towards programs, whatever its own clock does. */
export const TICKS_A_SECOND = 100;
/** Reading one takes some 20 µs; other work gets its turn in between. */
const BATCH = 50;
/** Of an environment, so much is searched. A process that pads its own hides itself; see `strays.ts`. */
const ENVIRONMENT_LIMIT = 256 * 1_024;

/** Every process that still runs, zombies left out. */
export async function readProcesses(): Promise<ProcessTable> {
  const table = new Map<number, ProcessInfo>();
  const names = list('/proc').filter((name) => /^\d+$/.test(name));
  for (const [index, name] of names.entries()) {
    const info = readProcess(Number(name));
    if (info) table.set(info.pid, info);
    if (index % BATCH === BATCH - 1) await breathe();
  }
  return table;
}

export function readProcess(pid: number): ProcessInfo | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // proc_pid_stat(5): the second field is a name that the process chooses, in brackets; the numbers follow the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (index: number): number => Number(fields[index - 3]);
  // The first thread of a process may be over while others go on.
  if ((fields[0] === 'Z' || fields[0] === 'X') && number(20) <= 1) return undefined;
  return {
    pid,
    ppid: number(4),
    group: number(5),
    session: number(6),
    startedAt: number(22),
    cpuTicks: number(14) + number(15) + number(16) + number(17),
  };
}

/** When a child was started that may have ended at once, and is not yet waited for. */
export function startOf(pid: number): number | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
}

export interface ProcessStatus {
  /** Real one. The owner of the files in /proc says less: a process may hand them to root. */
  readonly uid: number;
  readonly privateBytes: number;
  /** Pages of files, programs and libraries, which processes share. */
  readonly fileBytes: number;
}

export function readStatus(pid: number): ProcessStatus | undefined {
  const text = readText(`/proc/${pid}/status`);
  if (text === undefined) return undefined;
  const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    uid: number('Uid'),
    privateBytes: (number('RssAnon') + number('RssShmem')) * 1_024,
    fileBytes: number('RssFile') * 1_024,
  };
}

export interface Variable {
  readonly value?: string;
  /** Only its own user may look, which root is not in a container without the capability SYS_PTRACE. */
  readonly denied?: true;
}

/** A variable in a process's environment whose value begins with `prefix`. */
export function readVariable(pid: number, name: string, prefix: string): Variable {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/environ`, 'r');
    const value = valueIn(readUpTo(file, ENVIRONMENT_LIMIT), name, prefix);
    return value === undefined ? {} : { value };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? { denied: true } : {};
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function valueIn(environment: Buffer, name: string, prefix: string): string | undefined {
  const key = `${name}=`;
  const at = environment.indexOf(key + prefix);
  if (at < 0) return undefined;
  const end = environment.indexOf(0, at);
  return environment.toString('latin1', at + key.length, end < 0 ? undefined : end);
}

function readUpTo(file: number, limit: number): Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  while (size < limit) {
    const chunk = Buffer.allocUnsafe(4_096);
    const length = readSync(file, chunk);
    if (length === 0) break;
    chunks.push(chunk.subarray(0, length));
    size += length;
  }
  return Buffer.concat(chunks);
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** The process itself, its parent, and so on. */
export function* lineOf(info: ProcessInfo, table: ProcessTable): Generator<ProcessInfo> {
  const seen = new Set<number>();
  for (let each: ProcessInfo | undefined = info; each && !seen.has(each.pid); each = table.get(each.ppid)) {
    seen.add(each.pid);
    yield each;
  }
}
