/** Reading every page of a listing. A page that fails fails the whole: a listing is never half (RELIABILITY P6). */

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; absent or empty on the last. */
  readonly next?: string | undefined;
}

export async function collectPages<T>(read: (next: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let next: string | undefined;
  do {
    const page = await read(next);
    all.push(...page.items);
    next = page.next || undefined;
  } while (next !== undefined);
  return all;
}
