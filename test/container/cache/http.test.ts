import type { RequestListener } from 'node:http';
import { buffer, text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { makeHttpCache } from '../../../container/src/cache/http.ts';
import type { CachePort } from '../../../container/src/cache/port.ts';
import type { CacheGrant } from '../../../container/src/control/orders.ts';
import { file, keyOf, type Lines, listen, NEVER, noise } from './ground.ts';
import { grantOf, serve, SIGNATURE, type Site, startObjectStore } from './object-store.ts';

const KEY = keyOf('one');

interface Setting extends Lines {
  readonly cache: CachePort;
}

function cacheOf(grant: CacheGrant | undefined, timeoutMs = 2_000, maxBytes = 10_000_000): Setting {
  const told = listen();
  return { ...told, cache: makeHttpCache({ grant: () => grant, timeoutMs, maxBytes, log: told.log }) };
}

async function cacheAt(handle: RequestListener, timeoutMs?: number): Promise<Setting & { readonly site: Site }> {
  const site = await serve(handle);
  return { site, ...cacheOf(grantOf(site.origin), timeoutMs) };
}

/** What came, or how it broke. */
async function read(cache: CachePort): Promise<string | undefined> {
  const found = await cache.get(KEY, NEVER);
  return found && (await text(found).catch((error: Error) => `broken: ${error.message}`));
}

describe('an object', () => {
  it('is put, and had back', async () => {
    const store = await startObjectStore();
    const { cache, lines } = cacheOf(store.grant);
    const content = noise(3_000_000);
    expect(await cache.get(KEY, NEVER)).toBeUndefined();
    expect(await cache.put(KEY, file(content), NEVER)).toBe('stored');
    const found = await cache.get(KEY, NEVER);
    expect(found && (await buffer(found)).equals(content)).toBe(true);
    expect(store.seen[1]).toMatchObject({
      method: 'PUT',
      url: `/objects/${KEY}?${SIGNATURE}`,
      headers: { 'if-none-match': '*', 'content-length': '3000000' },
    });
    expect(lines).toEqual([]);
  });

  it('is not overwritten, nor sent when the key is taken', async () => {
    const store = await startObjectStore();
    const { cache } = cacheOf(store.grant);
    await cache.put(KEY, file('first'), NEVER);
    expect(await cache.put(KEY, file('second'), NEVER)).toBe('taken');
    expect(store.seen[1]?.bytes).toBe(0);
    expect(await read(cache)).toBe('first');
  });

  it('is stored once when several put it at the same time', async () => {
    const store = await startObjectStore();
    const contents = [1, 2, 3, 4].map((value) => Buffer.alloc(500_000, value));
    const put = (content: Buffer): Promise<string> => cacheOf(store.grant).cache.put(KEY, file(content), NEVER);
    const told = await Promise.all(contents.map(put));
    expect(told.toSorted()).toEqual(['stored', 'taken', 'taken', 'taken']);
    expect(store.objects.get(KEY)).toEqual(contents[told.indexOf('stored')]);
  });

  it('too large is neither put nor had', async () => {
    const store = await startObjectStore();
    const { cache, told } = withLimit(store.grant, 1_000);
    expect(await cache.put(KEY, file(noise(1_001)), NEVER)).toBe('too-large');
    expect(store.seen).toEqual([]);
    store.objects.set(KEY, noise(1_001));
    expect(await cache.get(KEY, NEVER)).toBeUndefined();
    expect(told()).toContain('it is larger than 1000 bytes');
  });

  it('that turns out too large, since its length was not told, breaks', async () => {
    const site = await serve((_request, response) => {
      response.write('x'.repeat(800));
      response.end('x'.repeat(800));
    });
    expect(await read(withLimit(grantOf(site.origin), 1_000).cache)).toBe('broken: it is larger than 1000 bytes');
  });

  function withLimit(grant: CacheGrant, maxBytes: number): { cache: CachePort; told: () => string } {
    const { cache, text: told } = cacheOf(grant, 2_000, maxBytes);
    return { cache, told };
  }
});

describe('a grant', () => {
  it('that is missing is a miss, and nothing may be put', async () => {
    const { cache, lines } = cacheOf(undefined);
    expect(cache.mayPut?.()).toBe(false);
    expect(await cache.get(KEY, NEVER)).toBeUndefined();
    await expect(cache.put(KEY, file('x'), NEVER)).rejects.toThrow('may only be read');
    expect(lines).toEqual([]);
  });

  it('to read only is no grant to put', async () => {
    const store = await startObjectStore();
    const { cache } = cacheOf({ get: store.grant.get });
    expect(cache.mayPut?.()).toBe(false);
    await expect(cache.put(KEY, file('x'), NEVER)).rejects.toThrow('may only be read');
    expect(store.seen).toEqual([]);
  });

  it('counts as it is at the time', async () => {
    const [one, other] = [await startObjectStore(), await startObjectStore()];
    let grant = one.grant;
    const cache = makeHttpCache({ grant: () => grant, timeoutMs: 2_000, maxBytes: 1_000, log: listen().log });
    await cache.put(KEY, file('one'), NEVER);
    grant = other.grant;
    expect(await cache.get(KEY, NEVER)).toBeUndefined();
    expect(await cache.put(KEY, file('other'), NEVER)).toBe('stored');
  });

  it.each(['ftp://127.0.0.1/{key}', 'file:///etc/passwd', 'no url', ''])('that is %j is a miss', async (get) => {
    const { cache, text: told } = cacheOf({ get, put: get });
    expect(await cache.get(KEY, NEVER)).toBeUndefined();
    expect(told()).toContain('it leads to no http or https URL');
    await expect(cache.put(KEY, file('x'), NEVER)).rejects.toThrow('it leads to no http or https URL');
  });
});

describe('an answer', () => {
  it.each([403, 404])('of %i is a miss, without a word', async (status) => {
    const { cache, lines } = await cacheAt((_request, response) => response.writeHead(status).end('no'));
    expect(await read(cache)).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it.each([500, 206])('of %i is a miss with a warning', async (status) => {
    const { cache, text: told } = await cacheAt((_request, response) => response.writeHead(status).end());
    expect(await read(cache)).toBeUndefined();
    expect(told()).toContain(`WARNING: cache: ${KEY} cannot be had: the cache answered ${status}`);
  });

  it.each([
    [409, 'taken'],
    [412, 'taken'],
    [413, 'too-large'],
    [500, 'the cache answered 500'],
    [302, 'the cache answered 302'],
  ])('of %i to a PUT: %s', async (status, wanted) => {
    const { cache } = await cacheAt((_request, response) => response.writeHead(status).end());
    const told = await cache.put(KEY, file('x'), NEVER).catch((error: Error) => error.message);
    expect(told).toBe(wanted);
  });

  it('that breaks off, or stops, is no content', async () => {
    const breaks = await cacheAt((request, response) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('a part', () => request.socket.destroy());
    });
    expect(await read(breaks.cache)).toMatch(/^broken: the connection failed/);
    const stops = await cacheAt((_request, response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('a part');
    }, 1_000);
    expect(await read(stops.cache)).toMatch(/^broken: (?:no progress|the connection failed)/);
  });

  it('from elsewhere, by a redirect, is as good', async () => {
    const store = await startObjectStore();
    const { cache } = await cacheAt((request, response) =>
      response.writeHead(307, { location: store.origin + request.url }).end(),
    );
    expect(await cache.put(KEY, file('content'), NEVER)).toBe('stored');
    expect(await read(cache)).toBe('content');
  });
});

describe('an abort', () => {
  it('ends what is under way', async () => {
    const { cache, site } = await cacheAt(() => abort.abort(new Error('called off')));
    let abort = new AbortController();
    await expect(cache.get(KEY, abort.signal)).rejects.toThrow('called off');
    abort = new AbortController();
    await expect(cache.put(KEY, file('x'), abort.signal)).rejects.toThrow('called off');
    await expect(cache.get(KEY, AbortSignal.abort(new Error('off')))).rejects.toThrow('off');
    expect(site.seen).toHaveLength(2);
  });

  it('breaks what is being read', async () => {
    const { cache } = await cacheAt((_request, response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('a part');
    });
    const abort = new AbortController();
    const found = await cache.get(KEY, abort.signal);
    const reading = found && text(found);
    abort.abort(new Error('called off'));
    await expect(reading).rejects.toThrow();
  });

  it('what was read and is not wanted any more closes its connection', async () => {
    const closed = Promise.withResolvers<void>();
    const { cache } = await cacheAt((request, response) => {
      request.socket.once('close', () => closed.resolve());
      response.writeHead(200, { 'content-length': 1_000 }).write('a part');
    });
    (await cache.get(KEY, NEVER))?.destroy();
    await closed.promise;
  });
});

it('no URL is in any line or error', async () => {
  const handlers: RequestListener[] = [
    (_request, response) => response.writeHead(500).end(),
    (request) => request.socket.destroy(),
    (request, response) => response.writeHead(307, { location: `http://nowhere.invalid${request.url}` }).end(),
    (_request, response) => response.socket?.end('no HTTP at all\r\n\r\n'),
    () => undefined,
  ];
  for (const handle of handlers) {
    const { cache, text: told, site } = await cacheAt(handle, 300);
    await read(cache);
    const error = await cache.put(KEY, file('x'), NEVER).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    const all = `${told()}\n${(error as Error).stack}\n${JSON.stringify(error)}\n${String((error as Error).cause)}`;
    expect(told()).toContain('WARNING');
    for (const secret of [SIGNATURE, '5ec4e7', '/objects/', site.origin.slice(-6)]) expect(all).not.toContain(secret);
  }
});
