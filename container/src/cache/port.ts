/** Where archives of installed modules and built output are kept between tasks. */
import type { Readable } from 'node:stream';

/** `modules-…` or `build-…` and 64 hex digits: safe as a file name and in a URL. */
export type CacheKey = `${'modules' | 'build'}-${string}`;

export interface CachePort {
  /** What is under the key; undefined when nothing is, or when it cannot be had. Rejects only when `signal` aborts. */
  get(key: CacheKey, signal: AbortSignal): Promise<Readable | undefined>;
  /** Publishes a complete file at once, unless the key is taken: nobody ever reads a part of it. Rejects when it fails. */
  put(key: CacheKey, file: string, signal: AbortSignal): Promise<'stored' | 'taken' | 'too-large'>;
}
