/** Which run's name the environment of a process carries. */
import { execFile } from 'node:child_process';
import { type ProcessInfo, readStatus, readVariable } from './proc.ts';
import { beginRun, endRun, newRunId, type Identity, type Run, RUN_PREFIX, RUN_VARIABLE } from './runs.ts';

const ASKING_MS = 2_000;
const ANSWER_LIMIT = 1_024 * 1_024;

/** By pid; only of this supervisor's runs. Where root may not look, the user of `run` is asked. */
export async function readMarks(processes: readonly ProcessInfo[], run: Run): Promise<Map<number, string>> {
  const marks = new Map<number, string>();
  const denied: number[] = [];
  for (const { pid } of processes) {
    const mark = readVariable(pid, RUN_VARIABLE, RUN_PREFIX);
    if (mark.denied) denied.push(pid);
    if (mark.value !== undefined) marks.set(pid, mark.value);
  }
  const { user } = run;
  if (!user) return marks;
  const theirs = denied.filter((pid) => readStatus(pid)?.uid === user.uid);
  for (const [pid, mark] of theirs.length === 0 ? [] : await askAs(user, theirs)) marks.set(pid, mark);
  return marks;
}

/**
 * By a process of that user. Its code could falsify the answer, and so only hide its own processes or give them away:
 * what is asked is of no other user.
 */
async function askAs(user: Identity, pids: readonly number[]): Promise<[number, string][]> {
  const pattern = `${RUN_VARIABLE}=${RUN_PREFIX}[0-9]*`;
  const args = ['-z', '-a', '-s', '-H', '-o', '-m1', pattern, ...pids.map((pid) => `/proc/${pid}/environ`)];
  const text = await new Promise<string>((resolve) => {
    const options = { ...user, cwd: '/', env: {}, timeout: ASKING_MS, maxBuffer: ANSWER_LIMIT };
    const child = execFile('/bin/grep', args, options, (_error, stdout) => {
      if (asking) endRun(asking);
      resolve(stdout);
    });
    // A run too, so that no other look takes it for a stray.
    const asking = child.pid === undefined ? undefined : beginRun(newRunId(), child.pid, user);
  });
  return text.split('\0').flatMap((line) => {
    const [, pid, mark] = /^\/proc\/(\d+)\/environ:[^=]*=(.*)$/.exec(line) ?? [];
    return pid === undefined || mark === undefined || !pids.includes(Number(pid)) ? [] : [[Number(pid), mark]];
  });
}
