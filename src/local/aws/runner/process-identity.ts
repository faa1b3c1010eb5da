/** Which process is which, beyond its pid: pids are used again. */
import { execFileSync } from 'node:child_process';
import type { StdioOptions } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import type { ProcessIdentity } from './port.ts';

/** The environments of all processes of a machine. */
const PS_OUTPUT_MAX = 64 * 1024 * 1024;

/** When the process began, in the operating system's own words; undefined when there is no such process. */
export function startTimeOf(pid: number): string | undefined {
  return process.platform === 'linux' ? statOf(pid)?.startTime : psStartTime(pid);
}

/**
 * True when the process group is still the one that was recorded: its leader lives and began at the recorded time, or
 * (Linux) the leader is gone and a member carries the recorded scratch directory. When unsure, false.
 */
export function isStillOurs(identity: ProcessIdentity): boolean {
  const startTime = startTimeOf(identity.pid);
  if (startTime !== undefined) {
    return startTime === identity.startedAt;
  }
  return process.platform === 'linux' && membersOf(identity.pid).some((pid) => hasDirectory(pid, identity.directory));
}

/**
 * Every process that carries the scratch directory as TMPDIR, whichever group or session it has gone to: what a container
 * started, however far. One that hides its environment is not found.
 */
export function carriersOf(directory: string): number[] {
  return process.platform === 'linux' ? carriersInProc(directory) : carriersInPs(directory);
}

function carriersInProc(directory: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && hasDirectory(pid, directory));
}

function carriersInPs(directory: string): number[] {
  const mark = ` TMPDIR=${directory} `;
  return psLines(['-axEww', '-o', 'pid=,command='])
    .filter((line) => `${line} `.includes(mark))
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => pid !== process.pid);
}

interface Stat {
  readonly state: string;
  readonly group: number;
  readonly startTime: string;
}

/** Field 2 of /proc/PID/stat is the name in brackets and may itself hold brackets and spaces (proc_pid_stat(5)). */
function statOf(pid: number): Stat | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group] = fields ?? [];
  const startTime = fields?.[19];
  // A zombie is dead already and waits only to be collected.
  if (state === undefined || startTime === undefined || state === 'Z') {
    return undefined;
  }
  return { state, group: Number(group), startTime };
}

function membersOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)?.group === group);
}

function hasDirectory(pid: number, directory: string): boolean {
  return (readProc(`/proc/${pid}/environ`) ?? '').split('\0').includes(`TMPDIR=${directory}`);
}

/** A process may end while one reads about it. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function psStartTime(pid: number): string | undefined {
  return psLines(['-o', 'lstart=', '-p', String(pid)])[0]?.trim() || undefined;
}

/** None when `ps` finds nothing. */
function psLines(args: readonly string[]): string[] {
  try {
    const options = { stdio: ['ignore', 'pipe', 'ignore'] satisfies StdioOptions, maxBuffer: PS_OUTPUT_MAX };
    return execFileSync('ps', args, options).toString().split('\n');
  } catch {
    return [];
  }
}
