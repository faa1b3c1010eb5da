/** A pipe between two children. Node makes none that does not lead through its own process. */
import { execFile } from 'node:child_process';
import { closeSync, createReadStream, mkdtempSync, openSync, type ReadStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Pipe {
  /** Descriptors of its ends; whoever was given one closes it. */
  readonly reader: number;
  readonly writer: number;
}

/** By way of a name in `tempDir` that only the supervisor's user can reach, and that is gone at once. */
export async function makePipe(tempDir: string, signal: AbortSignal): Promise<Pipe> {
  const dir = mkdtempSync(join(tempDir, 'mayfly-pipe-'));
  try {
    const path = join(dir, 'pipe');
    await promisify(execFile)('mkfifo', ['-m', '600', path], { signal });
    // Opening one end would wait for the other.
    const both = openSync(path, 'r+');
    const pipe = { reader: openSync(path, 'r'), writer: openSync(path, 'w') };
    closeSync(both);
    return pipe;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * What comes out of a pipe. `stop` ends what writes to it: it is called first when the stream is destroyed, since a read
 * that waits for more would delay the closing.
 */
export function readPipe(fd: number, stop: () => void): ReadStream {
  const stream = createReadStream('', { fd });
  const destroy = stream.destroy.bind(stream);
  stream.destroy = (error?: Error) => {
    stop();
    return destroy(error);
  };
  return stream;
}
