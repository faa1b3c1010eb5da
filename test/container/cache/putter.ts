/** A supervisor that publishes files in a shared directory: dir, namespace, maxBytes, file, keys…; prints what came of each. */
import { makeDirectoryCache } from '../../../container/src/cache/directory.ts';
import type { CacheKey } from '../../../container/src/cache/port.ts';
import { makeLog } from '../../../container/src/log/log.ts';

const [, , dir = '', namespace = '', maxBytes = '', file = '', ...keys] = process.argv;
const log = makeLog(() => undefined);
const cache = await makeDirectoryCache({ dir, namespace, maxBytes: Number(maxBytes), log });
// The start of all is given by closing the input.
await new Promise((resolve) => process.stdin.resume().once('end', resolve));
for (const key of keys) console.log(await cache.put(key as CacheKey, file, new AbortController().signal));
