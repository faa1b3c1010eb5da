/**
 * What outlives its process group: children that left it by `setsid` or a double fork. Killed when the group has ended.
 *
 * A process counts as a stray of an ended run, and nothing else does, when
 * - it is still in the group or session of the run, or was seen as a descendant before the run was stopped; or
 * - its environment names a run of this supervisor that has ended; or
 * - it cleared its environment, runs as the app's user (which is not ours), was left to pid 1, no run that is under way
 *   had begun when it started, and pid 1 exists only to run this supervisor, as in the image: whatever has lost its
 *   parent there came from a run.
 *
 * So nothing is touched that a live run may have started, nor what a person started in the container (`docker exec`,
 * whose processes do not descend from pid 1), nor anything unmarked on a machine that is not the supervisor's alone.
 * What clears its environment while two versions run goes on until both have ended. Linux only.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { lineOf, type ProcessInfo, type ProcessTable, readProcesses, readStatus, readText } from './proc.ts';
import { readMarks } from './marks.ts';
import { bearsMarkOf, descendsFrom, isLive, liveRuns, type Run } from './runs.ts';

/** A stray that forks faster than it is found is given up after so many looks. */
const LOOKS = 20;
const BETWEEN_LOOKS_MS = 10;

/** Call it after `endRun`. Resolves when nothing is left of the run, or when the looks are used up. */
export async function killStrays(run: Run): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    const strays = await findStrays(run, await readProcesses());
    if (strays.length === 0) return;
    for (const { pid } of strays) kill(pid);
    await delay(BETWEEN_LOOKS_MS);
  }
}

async function findStrays(run: Run, table: ProcessTable): Promise<ProcessInfo[]> {
  const live = liveRuns();
  const own = table.get(process.pid);
  const suspects = [...table.values()].filter(
    (info) =>
      info.pid !== process.pid &&
      info.startedAt >= (own?.startedAt ?? 0) &&
      !live.some((each) => descendsFrom(info, each, table)),
  );
  const marks = await readMarks(suspects, run);
  const uids = makeUids();
  return suspects.filter((info) => {
    if (bearsMarkOf(info, run)) return true;
    const mark = marks.get(info.pid);
    return mark === undefined ? isAbandoned(info, run, table, uids) : !isLive(mark);
  });
}

type Uids = (info: ProcessInfo) => number | undefined;

/** Left to pid 1, in a container that is ours alone, and started when no live run had begun. */
function isAbandoned(info: ProcessInfo, run: Run, table: ProcessTable, uidOf: Uids): boolean {
  const uid = run.user?.uid;
  if (uid === undefined || uidOf(info) !== uid || !ownsAllProcesses()) return false;
  const { top, adopter } = rootOf(info, table, uidOf);
  if (!isInit(adopter, table)) return false;
  return !liveRuns().some(
    (each) => each.pid === top.pid || (each.user?.uid === uid && each.startedAt <= top.startedAt),
  );
}

/** The eldest of a line of processes of one user, and who took it in. */
function rootOf(info: ProcessInfo, table: ProcessTable, uidOf: Uids): { top: ProcessInfo; adopter: number } {
  let top = info;
  for (const each of lineOf(info, table)) {
    if (uidOf(each) !== uidOf(info)) break;
    top = each;
  }
  return { top, adopter: top.ppid };
}

/** Pid 1, or an init between it and the supervisor. */
function isInit(pid: number, table: ProcessTable): boolean {
  if (pid === 1) return true;
  const own = table.get(process.pid);
  return pid !== process.pid && own !== undefined && [...lineOf(own, table)].some((each) => each.pid === pid);
}

function makeUids(): Uids {
  const known = new Map<number, number | undefined>();
  return ({ pid }) => {
    if (!known.has(pid)) known.set(pid, readStatus(pid)?.uid);
    return known.get(pid);
  };
}

/** Pid 1 is the supervisor, or an init whose command ends in the supervisor's: `tini -- node …/main.ts`. */
function ownsAllProcesses(): boolean {
  if (process.pid === 1) return true;
  const own = readText('/proc/self/cmdline');
  return own !== undefined && own !== '' && readText('/proc/1/cmdline')?.endsWith(`\0${own}`) === true;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself, or belongs to somebody whom we may not signal.
  }
}
