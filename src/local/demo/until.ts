/** Waits for the world to become as a sentence says, looking often, and says what it last saw when it does not. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  limitMs: number,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  let last = '';
  while (performance.now() < deadline) {
    signal?.throwIfAborted();
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`gave up after ${Math.round(limitMs / 1_000)} s: ${what}${last ? ` (last: ${last})` : ''}`);
}
