/** One request and its redirects, in this process. */
import { createHash } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { exchange } from '../../../container/src/cache/http-exchange.ts';
import { file, noise } from './ground.ts';
import { serve, SIGNATURE, type Site, startObjectStore } from './object-store.ts';

const PATH = `/objects/name?${SIGNATURE}`;

async function get(url: string, timeoutMs = 2_000): Promise<string> {
  const answer = await exchange(url, { timeoutMs });
  return `${answer.statusCode} ${await text(answer)}`;
}

async function put(url: string, content: string | Buffer = 'x', timeoutMs = 2_000): Promise<number | undefined> {
  const upload = { file: file(content), size: content.length };
  const answer = await exchange(url, { timeoutMs, upload });
  answer.destroy();
  return answer.statusCode;
}

function redirect(response: ServerResponse, status: number, location: string): void {
  response.writeHead(status, { location, 'set-cookie': 'a=b' }).end('moved');
}

/** A site, and a URL of it with a secret. */
async function siteOf(handle: RequestListener): Promise<{ site: Site; url: string }> {
  const site = await serve(handle);
  return { site, url: site.origin + PATH };
}

describe('redirects', () => {
  it.each([301, 302, 307, 308])('of a GET by %i are followed', async (status) => {
    const store = await startObjectStore();
    store.objects.set('name', Buffer.from('content'));
    const { url } = await siteOf((request, response) => redirect(response, status, store.origin + request.url));
    expect(await get(url)).toBe('200 content');
  });

  it.each([307, 308])('of a PUT by %i are followed before the body is sent', async (status) => {
    const store = await startObjectStore();
    const content = noise(2_000_000);
    const { url, site } = await siteOf((request, response) => redirect(response, status, store.origin + request.url));
    expect(await put(url, content)).toBe(200);
    expect(site.seen.map(({ bytes }) => bytes)).toEqual([0]);
    expect(store.objects.get('name')?.equals(content)).toBe(true);
  });

  it('that come late, from a server that asked for the body, are followed with the whole body', async () => {
    const store = await startObjectStore();
    const content = noise(2_000_000);
    const { url } = await siteOf((request, response) => {
      response.writeContinue();
      request.once('data', () => redirect(response, 307, store.origin + request.url));
    });
    expect(await put(url, content)).toBe(200);
    const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    expect(hash(store.objects.get('name') ?? Buffer.alloc(0))).toBe(hash(content));
  });

  it.each([301, 302, 303])('of a PUT by %i are none', async (status) => {
    const store = await startObjectStore();
    const { url } = await siteOf((request, response) => redirect(response, status, store.origin + request.url));
    expect(await put(url)).toBe(status);
    expect(store.seen).toEqual([]);
  });

  it('that are relative stay at their server', async () => {
    const { url } = await siteOf((request, response) => {
      if (request.url?.startsWith('/objects/')) redirect(response, 302, '../elsewhere');
      else response.end(request.url);
    });
    expect(await get(url)).toBe('200 /elsewhere');
  });

  it('hand nothing on: no header, no cookie, no password of the URL before', async () => {
    const store = await startObjectStore();
    const { url, site } = await siteOf((request, response) => redirect(response, 307, store.origin + request.url));
    const withPassword = url.replace('http://', 'http://user:password@');
    await get(withPassword);
    await put(withPassword);
    expect(site.seen[0]?.headers.authorization).toBeDefined();
    const [got, written] = store.seen.map(({ headers }) => Object.keys(headers).sort());
    expect(got).toEqual(['connection', 'host']);
    const own = ['connection', 'content-length', 'content-type', 'expect', 'host', 'if-none-match'];
    expect(written).toEqual(own);
  });

  it('without an end are given up', async () => {
    const { url, site } = await siteOf((request, response) => redirect(response, 307, request.url ?? ''));
    await expect(get(url)).rejects.toThrow('more than 3 redirects');
    expect(site.seen).toHaveLength(4);
    await expect(put(url)).rejects.toThrow('more than 3 redirects');
  });

  it.each(['file:///etc/passwd', 'ftp://127.0.0.1/x', 'http://'])('to %j are not followed', async (location) => {
    const { url } = await siteOf((_request, response) => redirect(response, 302, location));
    await expect(get(url)).rejects.toThrow('it leads to no http or https URL');
  });
});

describe('a request fails', () => {
  it('where nobody listens', async () => {
    await expect(get('http://127.0.0.1:1/')).rejects.toThrow('the connection failed (ECONNREFUSED)');
    await expect(put('http://127.0.0.1:1/')).rejects.toThrow('the connection failed (ECONNREFUSED)');
  });

  it.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'no url', ''])('at %j', async (url) => {
    await expect(get(url)).rejects.toThrow('it leads to no http or https URL');
  });

  it('when the connection breaks off before an answer, or within one', async () => {
    const before = await siteOf((request) => request.socket.destroy());
    await expect(get(before.url)).rejects.toThrow('the connection failed');
    await expect(put(before.url)).rejects.toThrow('the connection failed');
    const within = await siteOf((request, response) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('a part', () => request.socket.destroy());
    });
    await expect(get(within.url)).rejects.toThrow();
  });

  it('when the server says nothing, stops within its answer, or takes no body', async () => {
    const silent = await siteOf(() => undefined);
    await expect(get(silent.url, 100)).rejects.toThrow('no progress for 100 ms');
    const stops = await siteOf((_request, response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('a part');
    });
    await expect(get(stops.url, 500)).rejects.toThrow();
    const full = await siteOf((_request, response) => response.writeContinue());
    await expect(put(full.url, noise(9_000_000), 500)).rejects.toThrow('no progress for 500 ms');
  });

  it('never with its URL in the error', async () => {
    const handlers: RequestListener[] = [
      (request) => request.socket.destroy(),
      (request, response) => redirect(response, 307, `http://127.0.0.1:1${request.url}`),
      (request, response) => redirect(response, 307, `ftp://127.0.0.1:1${request.url}`),
      (request, response) => redirect(response, 307, `http://no host${request.url}`),
      (request, response) => redirect(response, 307, `http://nowhere.invalid${request.url}`),
      (_request, response) => response.socket?.end('no HTTP at all\r\n\r\n'),
      () => undefined,
    ];
    for (const handle of handlers) {
      const { url } = await siteOf(handle);
      for (const error of [await get(url, 200).catch(reasonOf), await put(url, 'x', 200).catch(reasonOf)]) {
        expect(error).toBeInstanceOf(Error);
        const { stack, cause } = error as Error;
        const all = `${stack}\n${JSON.stringify(error)}\n${String(cause)}`;
        for (const secret of [SIGNATURE, '/objects/', new URL(url).port]) expect(all).not.toContain(secret);
      }
    }
  });

  function reasonOf(reason: unknown): unknown {
    return reason;
  }
});

it('a server that knows nothing of Expect gets the body after a while', async () => {
  const content = noise(100_000);
  const { url, site } = await siteOf((request, response) => {
    request.resume().once('end', () => response.writeHead(201).end());
  });
  expect(await put(url, content)).toBe(201);
  expect(site.seen[0]?.bytes).toBe(content.length);
});
