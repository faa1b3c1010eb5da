/** Several pieces of one phase side by side. */

/**
 * The first failure stops the others and is thrown once all have ended, so that nothing goes on behind the back of
 * whoever removes their directory.
 */
export async function sideBySide<T>(
  signal: AbortSignal,
  works: readonly ((signal: AbortSignal) => Promise<T>)[],
): Promise<T[]> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  let first: Error | undefined;
  const results = await Promise.allSettled(
    works.map(async (work) => {
      try {
        return await work(both);
      } catch (error) {
        first ??= error as Error;
        stop.abort(new Error('another part of this phase failed'));
        throw error;
      }
    }),
  );
  signal.throwIfAborted();
  if (first) throw first;
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
