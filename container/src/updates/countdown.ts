/** Waiting for something that somebody else must bring, with an end to the patience. */
export interface Countdown<T> {
  begin(purpose: T): void;
  /** It came, or is no longer needed. */
  end(): void;
  /** What is waited for now. */
  purpose(): T | undefined;
}

export type Awaited = 'credential' | 'order';

export function makeCountdown(ms: number, onExpired: () => void): Countdown<Awaited> {
  let waiting: { readonly purpose: Awaited; readonly timer: NodeJS.Timeout } | undefined;
  const end = (): void => {
    clearTimeout(waiting?.timer);
    waiting = undefined;
  };
  return {
    begin(purpose) {
      end();
      waiting = { purpose, timer: setTimeout(onExpired, ms) };
    },
    end,
    purpose: () => waiting?.purpose,
  };
}
