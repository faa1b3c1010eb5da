/**
 * The process groups that are under way, each with a name of its own in the environment of whatever it starts. So what
 * leaves its group (setsid, a double fork) can still be told from what others started.
 */
import { randomBytes } from 'node:crypto';
import { lineOf, type ProcessInfo, type ProcessTable, startOf } from './proc.ts';

export const RUN_VARIABLE = 'MAYFLY_RUN';
/** What the names of this supervisor's runs begin with: another one on the same machine has another. */
export const RUN_PREFIX = `${randomBytes(8).toString('hex')}-`;

/** A user of the system, by number. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export interface Run {
  readonly id: string;
  readonly pid: number;
  /** In clock ticks after the machine's start; 0 where that cannot be known. */
  readonly startedAt: number;
  /** Whom it runs as when that is not the supervisor's own user. */
  readonly user: Identity | undefined;
  /** Descendants that were seen, by pid, and when they started: they may lose every other mark. */
  readonly known: Map<number, number>;
}

const live = new Map<string, Run>();
let count = 0;

export function newRunId(): string {
  count += 1;
  return `${RUN_PREFIX}${count}`;
}

/** The leader was started just now. */
export function beginRun(id: string, pid: number, user: Identity | undefined): Run {
  const run = { id, pid, startedAt: startOf(pid) ?? 0, user, known: new Map<number, number>() };
  live.set(id, run);
  return run;
}

export function endRun(run: Run): void {
  live.delete(run.id);
}

export function isLive(id: string): boolean {
  return live.has(id);
}

export function liveRuns(): Run[] {
  return [...live.values()];
}

/** Remembers who descends from the leader now. */
export function remember(run: Run, table: ProcessTable): void {
  for (const info of table.values()) {
    if (info.pid !== run.pid && descendsFrom(info, run, table)) run.known.set(info.pid, info.startedAt);
  }
}

export function descendsFrom(info: ProcessInfo, run: Run, table: ProcessTable): boolean {
  for (const each of lineOf(info, table)) if (each.pid === run.pid) return true;
  return false;
}

/** In its group or session, or seen as its descendant before. */
export function bearsMarkOf(info: ProcessInfo, run: Run): boolean {
  if (run.known.get(info.pid) === info.startedAt) return true;
  return (info.session === run.pid || info.group === run.pid) && info.startedAt >= run.startedAt;
}
