/** What the supervisor itself takes, and what the task may take at most. */
import { totalmem } from 'node:os';

export interface OwnResources {
  readonly rssBytes: number;
  /** Since it began. */
  readonly cpuSeconds: number;
}

export function ownResources(): OwnResources {
  const { user, system } = process.cpuUsage();
  return { rssBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1_000_000 };
}

/** In bytes, of the control group (v1 or v2); undefined when it has none below that of the machine. */
export function memoryLimit(): number | undefined {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : undefined;
}
