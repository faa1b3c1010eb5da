/**
 * Where archives of installed modules and built output are kept between tasks.
 *
 * Trust. What is under a key was made by code that ran in an environment, so a hash of it proves only that it is whole,
 * never that it is good. That is why entries lie in namespaces, one for each level of trust (`acme/shop/trusted`,
 * `acme/shop/fork-7`), and why that is enough:
 * - A cache is made for one namespace, which the operator chose; nothing that a project says can name another. The keys
 *   are computed by the supervisor and are no paths.
 * - A project's code never reaches a cache: the directory is the supervisor's alone, the URLs are in its memory only.
 *   What it can do is to be packed, and that goes under its own namespace.
 * - So whoever restores an entry runs code of the same level of trust anyway, and gets it with that code's rights only.
 * A fork can fill the space that all namespaces share, and so have others' entries evicted: they install again.
 */
import type { Readable } from 'node:stream';

/** `modules-…` or `build-…` and 64 hex digits: safe as a file name and in a URL. */
export type CacheKey = `${'modules' | 'build'}-${string}`;

export interface CachePort {
  /** What is under the key; undefined when nothing is, or when it cannot be had. Rejects only when `signal` aborts. */
  get(key: CacheKey, signal: AbortSignal): Promise<Readable | undefined>;
  /** Publishes a complete file at once, unless the key is taken: nobody ever reads a part of it. Rejects when it fails. */
  put(key: CacheKey, file: string, signal: AbortSignal): Promise<'stored' | 'taken' | 'too-large'>;
  /** False: `put` would fail now, for want of permission. Absent: it is allowed. */
  mayPut?(): boolean;
  /** Takes away what proved to be corrupt. Absent: cannot be done. Never rejects. */
  drop?(key: CacheKey): Promise<void>;
}

export function isCacheKey(text: string): text is CacheKey {
  return /^(?:modules|build)-[0-9a-f]{64}$/.test(text);
}
