import { createHash } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';
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

function redirect(response: ServerResponse, status: number, location: string): void {
  response.writeHead(status, { location, 'set-cookie': 'a=b' }).end('moved');
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

  it('refused as too large by the server is no failure', async () => {
    const { cache } = await cacheAt((_request, response) => response.writeHead(413).end());
    expect(await cache.put(KEY, file('x'), NEVER)).toBe('too-large');
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

describe('redirects', () => {
  it.each([301, 302, 307, 308])('of a GET by %i are followed', async (status) => {
    const store = await startObjectStore();
    store.objects.set(KEY, Buffer.from('content'));
    const { cache } = await cacheAt((request, response) => redirect(response, status, store.origin + request.url));
    expect(await read(cache)).toBe('content');
  });

  it.each([307, 308])('of a PUT by %i are followed before the body is sent', async (status) => {
    const store = await startObjectStore();
    const content = noise(2_000_000);
    const { cache, site } = await cacheAt((request, response) =>
      redirect(response, status, store.origin + request.url),
    );
    expect(await cache.put(KEY, file(content), NEVER)).toBe('stored');
    expect(site.seen.map(({ bytes }) => bytes)).toEqual([0]);
    expect(store.objects.get(KEY)?.equals(content)).toBe(true);
  });

  it('that come late, from a server that asked for the body, are followed with the whole body', async () => {
    const store = await startObjectStore();
    const content = noise(2_000_000);
    const { cache } = await cacheAt((request, response) => {
      response.writeContinue();
      request.once('data', () => redirect(response, 307, store.origin + request.url));
    });
    expect(await cache.put(KEY, file(content), NEVER)).toBe('stored');
    expect(
      createHash('sha256')
        .update(store.objects.get(KEY) ?? '')
        .digest('hex'),
    ).toBe(createHash('sha256').update(content).digest('hex'));
  });

  it.each([301, 302, 303])('of a PUT by %i are none', async (status) => {
    const store = await startObjectStore();
    const { cache } = await cacheAt((request, response) => redirect(response, status, store.origin + request.url));
    await expect(cache.put(KEY, file('x'), NEVER)).rejects.toThrow(`the cache answered ${status}`);
    expect(store.seen).toEqual([]);
  });

  it('that are relative stay at their server', async () => {
    const { cache } = await cacheAt((request, response) => {
      if (request.url?.startsWith('/objects/')) redirect(response, 302, `../elsewhere/${KEY}`);
      else response.end(request.url);
    });
    expect(await read(cache)).toBe(`/elsewhere/${KEY}`);
  });

  it('hand nothing on: no header, no cookie, no password of the URL before', async () => {
    const store = await startObjectStore();
    store.objects.set(KEY, Buffer.from('content'));
    const site = await serve((request, response) => redirect(response, 307, store.origin + request.url));
    const url = grantOf(site.origin).get.replace('http://', 'http://user:password@');
    const { cache } = cacheOf({ get: url, put: url });
    await read(cache);
    await cache.put(KEY, file('x'), NEVER);
    expect(site.seen[0]?.headers.authorization).toBeDefined();
    expect(Object.keys(store.seen[0]?.headers ?? {}).sort()).toEqual(['connection', 'host']);
    expect(Object.keys(store.seen[1]?.headers ?? {}).sort()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'expect',
      'host',
      'if-none-match',
    ]);
  });

  it('without an end are given up', async () => {
    const {
      cache,
      site,
      text: told,
    } = await cacheAt((request, response) => redirect(response, 307, request.url ?? ''));
    expect(await read(cache)).toBeUndefined();
    expect(site.seen).toHaveLength(4);
    expect(told()).toContain('more than 3 redirects');
    await expect(cache.put(KEY, file('x'), NEVER)).rejects.toThrow('more than 3 redirects');
  });

  it.each(['file:///etc/passwd', 'ftp://127.0.0.1/x', 'http://', undefined])('to %j are not', async (location) => {
    const { cache, text: told } = await cacheAt((_request, response) =>
      response.writeHead(302, location === undefined ? {} : { location }).end(),
    );
    expect(await read(cache)).toBeUndefined();
    expect(told()).toMatch(/leads to no http or https URL|more than 3 redirects/);
  });
});

describe('failures', () => {
  it.each([403, 404])('%i is a miss, without a word', async (status) => {
    const { cache, lines } = await cacheAt((_request, response) => response.writeHead(status).end('no'));
    expect(await read(cache)).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it.each([500, 503, 204, 206, 400])('%i is a miss with a warning, and a failed put', async (status) => {
    const { cache, text: told } = await cacheAt((_request, response) => response.writeHead(status).end());
    expect(await read(cache)).toBeUndefined();
    expect(told()).toContain(`WARNING: cache: ${KEY} cannot be had: the cache answered ${status}`);
    if (status >= 400) {
      await expect(cache.put(KEY, file('x'), NEVER)).rejects.toThrow(`the cache answered ${status}`);
    }
  });

  it.each([409, 412])('%i to a PUT: taken', async (status) => {
    const { cache } = await cacheAt((_request, response) => response.writeHead(status).end());
    expect(await cache.put(KEY, file('x'), NEVER)).toBe('taken');
  });

  it('nobody listens', async () => {
    const { cache, text: told } = cacheOf(grantOf('http://127.0.0.1:1'));
    expect(await read(cache)).toBeUndefined();
    expect(told()).toContain('the connection failed (ECONNREFUSED)');
    await expect(cache.put(KEY, file('x'), NEVER)).rejects.toThrow('the connection failed (ECONNREFUSED)');
  });

  it('the connection breaks off before an answer, or within one', async () => {
    const before = await cacheAt((request) => request.socket.destroy());
    expect(await read(before.cache)).toBeUndefined();
    await expect(before.cache.put(KEY, file('x'), NEVER)).rejects.toThrow('the connection failed');
    const within = await cacheAt((request, response) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('a part', () => request.socket.destroy());
    });
    expect(await read(within.cache)).toMatch(/^broken: /);
  });

  it('a server that says nothing, or stops within its answer, or takes no body', async () => {
    const silent = await cacheAt(() => undefined, 100);
    expect(await read(silent.cache)).toBeUndefined();
    expect(silent.text()).toContain('no progress for 100 ms');
    const stops = await cacheAt((_request, response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('a part');
    }, 100);
    expect(await read(stops.cache)).toMatch(/^broken: /);
    const full = await cacheAt((_request, response) => response.writeContinue(), 100);
    await expect(full.cache.put(KEY, file(noise(9_000_000)), NEVER)).rejects.toThrow('no progress for 100 ms');
  });

  it('a server that knows nothing of Expect gets the body after a while', async () => {
    const { cache } = await cacheAt((request, response) => {
      request.resume().once('end', () => response.writeHead(201).end());
    });
    expect(await cache.put(KEY, file(noise(100_000)), NEVER)).toBe('stored');
  });

  it('an abort ends what is under way', async () => {
    const { cache, site } = await cacheAt(() => abort.abort(new Error('called off')));
    let abort = new AbortController();
    await expect(cache.get(KEY, abort.signal)).rejects.toThrow('called off');
    abort = new AbortController();
    await expect(cache.put(KEY, file('x'), abort.signal)).rejects.toThrow('called off');
    await expect(cache.get(KEY, AbortSignal.abort(new Error('off')))).rejects.toThrow('off');
    expect(site.seen).toHaveLength(2);
  });

  it('an abort breaks what is being read', async () => {
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
    (request, response) => redirect(response, 307, `http://127.0.0.1:1${request.url}`),
    (request, response) => redirect(response, 307, `ftp://127.0.0.1:1${request.url}`),
    (request, response) => redirect(response, 307, `http://no host${request.url}`),
    (request, response) => redirect(response, 307, `http://nowhere.invalid${request.url}`),
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
