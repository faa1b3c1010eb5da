/** Reads the branches every so often and whenever asked, never twice at a time. */
export interface Poller {
  /** Resolves after a scan that started after this call; rejects when it failed. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

export function startPoller(scan: () => Promise<void>, pollMs: number, log: (message: string) => void): Poller {
  let tail: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let failure = '';

  const refresh = (): Promise<void> => {
    const run = tail.then(async () => {
      if (!closed) await scan();
    });
    tail = run.catch(() => undefined);
    return run;
  };

  // A repository that cannot be read is not one without branches: what was known stays, and it is said once.
  const note = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    if (message !== failure) log(`cannot read the branches: ${message}`);
    failure = message;
  };

  const poll = async (): Promise<void> => {
    await refresh().then(() => {
      failure = '';
    }, note);
    schedule();
  };

  const schedule = (): void => {
    if (!closed && pollMs > 0) timer = setTimeout(() => void poll(), pollMs);
  };

  schedule();
  return {
    refresh,
    async close() {
      closed = true;
      clearTimeout(timer);
      await tail;
    },
  };
}
