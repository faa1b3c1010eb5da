/** What the supervisor and the children that pack and unpack say to each other: an order as JSON, and an exit code. */
import type { CacheKey } from './port.ts';

export interface PackOrder {
  readonly key: CacheKey;
  readonly dir: string;
  readonly paths: readonly string[];
  readonly exclude: readonly string[];
  readonly limits: ArchiveLimits;
}

export interface UnpackOrder {
  readonly key: CacheKey;
  readonly dir: string;
  readonly paths: readonly string[];
  /** Name of a directory that is made in `dir`. */
  readonly fresh: string;
  readonly limits: ArchiveLimits;
}

export interface ArchiveLimits {
  /** Of an archive as it is stored. */
  readonly maxBytes: number;
  /** Of what is packed in it, headers and padding included. */
  readonly maxUnpackedBytes: number;
}

/** Anything else is a fault of the child. */
export const EXIT = { done: 0, failed: 10, corrupt: 11, truncated: 12 } as const;

/** Ends a child with one line on stderr. */
export class Ending extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'Ending';
    this.code = code;
  }
}

/** Runs a child's work and ends its process with the code that tells how it went. */
export async function serve(work: () => Promise<void>): Promise<never> {
  try {
    await work();
    process.exit(EXIT.done);
  } catch (error) {
    const message = (error as Error).message || String((error as Error).stack);
    process.stderr.write(`${message.replace(/\s+/g, ' ').slice(0, 500)}\n`, () => {
      process.exit(error instanceof Ending ? error.code : EXIT.failed);
    });
    return await new Promise<never>(() => undefined);
  }
}
