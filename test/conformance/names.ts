/** Names and clean-up, alike in every arena. */

/** Names that differ within a run, and from those of other runs. */
export function makeNames(runId: string): (what: string) => string {
  let count = 0;
  return (what) => `cf-${runId}-${what}-${++count}`.slice(0, 32);
}

export interface Cleanups {
  add(fn: () => Promise<unknown>): void;
  /** In reverse order, all of them; resolves to what failed. */
  run(): Promise<readonly string[]>;
}

export function makeCleanups(): Cleanups {
  const stack: (() => Promise<unknown>)[] = [];
  return {
    add: (fn) => void stack.push(fn),
    async run() {
      const failed: string[] = [];
      for (const fn of stack.splice(0).reverse()) {
        await fn().catch((error: unknown) => failed.push(String(error)));
      }
      return failed;
    },
  };
}
