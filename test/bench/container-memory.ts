/** Resident memory of one process, as Linux tells it. */
import { readFileSync } from 'node:fs';

export interface Resident {
  readonly rss: number;
  /** Heaps and stacks; the rest is files, mostly Node itself. */
  readonly anonymous: number;
}

/** In MB; undefined where there is no /proc. */
export function residentOf(pid: number): Resident | undefined {
  if (process.platform !== 'linux') return undefined;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mega = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1_024;
  return { rss: mega('VmRSS'), anonymous: mega('RssAnon') };
}
