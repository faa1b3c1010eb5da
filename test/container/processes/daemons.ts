/** Scripts that leave their process group, as hostile or careless code does. Each writes its pid to a file once it has. */
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from '../../../container/src/processes/process-group.ts';

export function shell(script: string): Command {
  return { file: '/bin/sh', args: ['-c', script], title: 'sh' };
}

/** Runs `inner` until the process that it started has told its pid. */
function told(file: string, inner: string): string {
  return `${inner}\nwhile [ ! -s ${file} ]; do sleep 0.01; done\n`;
}

const tell = (file: string): string => `echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 300`;
const QUIET = '>/dev/null 2>&1 </dev/null';

/** In a session of its own, still a child of the script. */
export function session(file: string, prefix = ''): string {
  return told(file, `${prefix} setsid sh -c '${tell(file)}' ${QUIET} &`);
}

/** In a session of its own, and its parent is gone. */
export function daemon(file: string, prefix = ''): string {
  return told(file, `( ${prefix} setsid sh -c '${tell(file)}' ${QUIET} & )`);
}

/** Forgets everything that the environment says. */
export const CLEARED = '/usr/bin/env -i /usr/bin/env PATH=/usr/bin:/bin';

export function pidIn(file: string): number {
  return Number(readFileSync(file, 'utf8'));
}

/** Zombies, which wait for their new parent to take note of them, do not count. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc/self/stat') || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
