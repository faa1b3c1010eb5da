/** Records by ARN that count their changes, so that what is derived from them is derived once for each change. */
export class Records<T> extends Map<string, T> {
  /** Only ever grows. */
  changes = 0;

  override set(key: string, value: T): this {
    this.changes++;
    return super.set(key, value);
  }

  override delete(key: string): boolean {
    this.changes++;
    return super.delete(key);
  }

  override clear(): void {
    this.changes++;
    super.clear();
  }
}

export function recordsOf<T extends { readonly arn: string }>(records: readonly T[] = []): Records<T> {
  const made = new Records<T>();
  for (const record of records) made.set(record.arn, record);
  return made;
}

/** What `derive` makes of the sources, kept until one of them changes. */
export function derivedFrom<T>(sources: readonly { readonly changes: number }[], derive: () => T): () => T {
  let kept: { readonly at: number; readonly value: T } | undefined;
  return () => {
    const at = sources.reduce((sum, source) => sum + source.changes, 0);
    if (kept?.at !== at) kept = { at, value: derive() };
    return kept.value;
  };
}
