/**
 * How much of what children print goes to stdout, where each byte is stored and paid for by somebody. A token bucket:
 * a build may be talkative for a while, a flood is left out. The whole log is kept by the store in either case.
 */

export interface FloodLimits {
  /** What may come at once. */
  readonly burstBytes: number;
  /** What may come for ever. */
  readonly bytesPerSecond: number;
  /** Once the bucket is empty nothing passes until it holds so much again: otherwise lines and notices would alternate. */
  readonly reopenBytes: number;
}

export const FLOOD: FloodLimits = { burstBytes: 4 * 2 ** 20, bytesPerSecond: 256 * 2 ** 10, reopenBytes: 2 ** 20 };

export interface Flood {
  /** False: the line is to be left out, and was counted. */
  admits(source: string, bytes: number): boolean;
  /** Tells what is still to be told of lines left out. */
  end(): void;
}

/** `tell` gets one sentence after each time in which lines were left out. `now` in milliseconds, never going back. */
export function makeFlood(
  tell: (message: string) => void,
  limits: FloodLimits = FLOOD,
  now: () => number = () => performance.now(),
): Flood {
  const { burstBytes, bytesPerSecond, reopenBytes } = limits;
  let tokens = burstBytes;
  let filledAt = now();
  let left: LeftOut | undefined;

  function fill(): void {
    const time = now();
    tokens = Math.min(burstBytes, tokens + ((time - filledAt) / 1_000) * bytesPerSecond);
    filledAt = time;
  }

  function reopen(): void {
    if (!left) return;
    clearTimeout(left.timer);
    tell(describe(left));
    left = undefined;
  }

  return {
    admits(source, bytes) {
      fill();
      if (!left && tokens >= bytes) {
        tokens -= bytes;
        return true;
      }
      if (!left) {
        const waitMs = (Math.max(0, Math.min(reopenBytes, burstBytes) - tokens) / bytesPerSecond) * 1_000;
        left = { lines: 0, bytes: 0, sources: new Set(), timer: setTimeout(reopen, waitMs).unref() };
      }
      left.lines += 1;
      left.bytes += bytes;
      left.sources.add(source);
      return false;
    },
    end: reopen,
  };
}

interface LeftOut {
  lines: number;
  bytes: number;
  readonly sources: Set<string>;
  readonly timer: NodeJS.Timeout;
}

function describe({ lines, bytes, sources }: LeftOut): string {
  const names = [...sources].sort();
  const where = names.length === 1 ? `/logs?source=${names[0]}` : '/logs';
  const count = `${lines} ${lines === 1 ? 'line' : 'lines'} (${bytes} bytes) of ${names.join(', ')}`;
  return `${count} left out here: too much at once; the whole log is at ${where} of the control port`;
}
