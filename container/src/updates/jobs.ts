/** One job at a time, and only the newest counts: a request that arrives cancels whatever an older one still does. */
export interface Jobs<T> {
  submit(request: T): void;
  /** Cancels what runs and forgets what waits. */
  cancel(): void;
  /** The request that runs or waits to run. */
  newest(): T | undefined;
  /** Cancels, takes nothing new, and resolves when nothing runs any more. */
  close(): Promise<void>;
}

/** The reason with which a job's signal aborts. */
export class Superseded extends Error {}

/** `run` handles its own errors; it must settle soon after its signal aborts. */
export function makeJobs<T>(run: (request: T, signal: AbortSignal) => Promise<void>): Jobs<T> {
  let waiting: { readonly request: T } | undefined;
  let running: { readonly request: T; readonly abort: AbortController } | undefined;
  let loop = Promise.resolve();
  let closed = false;

  async function work(): Promise<void> {
    while (waiting) {
      running = { request: waiting.request, abort: new AbortController() };
      waiting = undefined;
      await run(running.request, running.abort.signal);
      running = undefined;
    }
  }

  function cancel(): void {
    waiting = undefined;
    running?.abort.abort(new Superseded('a newer request replaces this one'));
  }

  return {
    cancel,
    submit(request) {
      if (closed) throw new Error('no more jobs are taken: the supervisor is stopping');
      cancel();
      waiting = { request };
      if (!running) loop = work();
    },
    newest() {
      if (waiting) return waiting.request;
      return running?.abort.signal.aborted ? undefined : running?.request;
    },
    async close() {
      closed = true;
      cancel();
      await loop;
    },
  };
}
