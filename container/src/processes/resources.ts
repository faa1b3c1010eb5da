/** Memory and CPU time of process groups, of the supervisor, and how much memory there is. Undefined where there is no /proc. */
import type { Resources } from '../app/running-app.ts';
import { readMarks } from './marks.ts';
import { type ProcessInfo, type ProcessTable, readProcesses, readStatus, TICKS_A_SECOND } from './proc.ts';
import { bearsMarkOf, descendsFrom, liveRuns, type Run } from './runs.ts';

/**
 * Of all that the runs started and that still runs, also where it left its group. Pages of files and programs count
 * once, by the process that has most of them: forks of one program share them. For a single process this is its RSS.
 */
export async function resourcesOf(runs: readonly Run[]): Promise<Resources | undefined> {
  const table = await readProcesses();
  if (table.size === 0) return undefined;
  const members = await membersOf(runs, table);
  let privateBytes = 0;
  let fileBytes = 0;
  let ticks = 0;
  for (const { pid, cpuTicks } of members) {
    const status = readStatus(pid);
    privateBytes += status?.privateBytes ?? 0;
    fileBytes = Math.max(fileBytes, status?.fileBytes ?? 0);
    ticks += cpuTicks;
  }
  return { processes: members.length, rssBytes: privateBytes + fileBytes, cpuSeconds: ticks / TICKS_A_SECOND };
}

async function membersOf(runs: readonly Run[], table: ProcessTable): Promise<ProcessInfo[]> {
  const members: ProcessInfo[] = [];
  const others: ProcessInfo[] = [];
  const live = liveRuns();
  const earliest = Math.min(...runs.map((run) => run.startedAt));
  for (const info of table.values()) {
    if (runs.some((run) => bearsMarkOf(info, run) || descendsFrom(info, run, table))) members.push(info);
    else if (info.startedAt >= earliest && !live.some((run) => descendsFrom(info, run, table))) others.push(info);
  }
  const [first] = runs;
  if (!first || others.length === 0) return members;
  const marks = await readMarks(others, first);
  return [...members, ...others.filter(({ pid }) => runs.some((run) => run.id === marks.get(pid)))];
}

export function ownResources(): Resources {
  const { user, system } = process.cpuUsage();
  return { processes: 1, rssBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 };
}

/** Bytes that the container may use; undefined where nothing limits it. */
export function memoryLimit(): number | undefined {
  const limit = process.constrainedMemory();
  return limit > 0 && Number.isSafeInteger(limit) ? limit : undefined;
}
