import { describe, expect, it, vi } from 'vitest';
import { makeMemoryStore } from '../../src/store/memory.ts';
import { type EnvironmentStore, StoreError } from '../../src/store/port.ts';
import { counted, deliver, post, pullBody, rawPost, SECRET, sign, start, talk } from './webhook-world.ts';

describe('a request that is wrong', () => {
  const body = JSON.stringify(pullBody(1));
  const good = { 'x-github-event': 'pull_request', 'x-hub-signature-256': sign(body) };

  it.each([
    ['no signature', { 'x-github-event': 'ping' }],
    ['an empty signature', { ...good, 'x-hub-signature-256': '' }],
    ['a signature by another secret', { ...good, 'x-hub-signature-256': sign(body, 'another') }],
    ['a signature of another body', { ...good, 'x-hub-signature-256': sign(`${body} `) }],
    ['a signature without its algorithm', { ...good, 'x-hub-signature-256': sign(body).slice('sha256='.length) }],
    ['only the old SHA-1 signature', { 'x-github-event': 'ping', 'x-hub-signature': 'sha1=00' }],
    ['a signature that is not ASCII', { ...good, 'x-hub-signature-256': 'sha256=é' }],
  ])('%s is answered 401', async (_name, headers) => {
    const { server, store, metrics } = await start();
    expect(await post(server, body, headers)).toMatchObject({ status: 401, json: { reason: 'signature' } });
    expect(await store.list()).toEqual([]);
    expect(await counted(metrics)).toEqual({ 'rejected/signature': 1 });
  });

  it('never tells the secret', async () => {
    const { server } = await start();
    const { json } = await post(server, body, { ...good, 'x-hub-signature-256': sign(body, 'another') });
    expect(JSON.stringify(json)).not.toContain(SECRET);
  });

  it('a signature given twice is answered 401', async () => {
    const { server } = await start();
    const status = await rawPost(server, body, ['x-hub-signature-256', sign(body), 'x-hub-signature-256', sign(body)]);
    expect(status).toBe(401);
  });

  it.each([
    ['not JSON', 'ping', 'payload=%7B%7D', 'not-json', 'application/json'],
    [
      'JSON without a field',
      'pull_request',
      '{"pull_request":{}}',
      'invalid-payload',
      'pull_request.number: found nothing',
    ],
    ['no event', '', '{}', 'missing-event', 'X-GitHub-Event'],
  ])('%s is answered 400 with what is wrong', async (_name, event, text, reason, message) => {
    const { server } = await start();
    const { status, json } = await deliver(server, event, text);
    expect({ status, reason: json.reason }).toEqual({ status: 400, reason });
    expect(json.message).toContain(message);
  });

  it('takes any content type, and none: the signature counts', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=x']) {
      const { server } = await start();
      expect((await post(server, body, { ...good, 'content-type': type })).status).toBe(200);
    }
    const { server } = await start();
    expect(await rawPost(server, body, ['x-hub-signature-256', sign(body), 'x-github-event', 'pull_request'])).toBe(
      200,
    );
  });

  it('another page or method is answered 404', async () => {
    const { server } = await start();
    expect((await fetch(`${server.url}/`)).status).toBe(404);
    expect((await fetch(`${server.url}/webhooks/github`)).status).toBe(404);
  });

  it('no body is answered 401', async () => {
    const { server } = await start();
    expect(await rawPost(server, '', ['x-hub-signature-256', 'sha256=00', 'x-github-event', 'ping'])).toBe(401);
  });

  it('a body over 25 MB is answered 413, announced or not', async () => {
    const { server, metrics } = await start();
    const chunk = Buffer.alloc(1_024 * 1_024, ' ');
    const head = ['POST /webhooks/github HTTP/1.1', 'host: x', 'x-hub-signature-256: sha256=00'];
    const announced = await talk(server, [...head, `content-length: ${26 * chunk.length}`, '', ''].join('\r\n'));
    expect(await announced.answer).toContain('413');
    const unannounced = await talk(server, [...head, 'transfer-encoding: chunked', '', ''].join('\r\n'));
    for (let sent = 0; sent < 26 && !unannounced.socket.destroyed; sent++)
      unannounced.socket.write(Buffer.concat([Buffer.from('100000\r\n'), chunk, Buffer.from('\r\n')]));
    expect(await unannounced.answer).toContain('413');
    expect((await deliver(server, 'ping', {})).status).toBe(200);
    expect(await counted(metrics)).toMatchObject({ 'rejected/too-large': 2 });
  });
});

describe('a store in trouble', () => {
  it.each(['unavailable', 'misconfigured', 'conflict'] as const)('%s is answered 503, to come back', async (kind) => {
    const store: EnvironmentStore = {
      ...makeMemoryStore(),
      get: () => Promise.reject(new StoreError(kind, 'a message for the log')),
    };
    const { server, metrics, intents } = await start({ store });
    const answer = await deliver(server, 'pull_request', pullBody(1));
    expect(answer).toMatchObject({ status: 503, retryAfter: '30', json: { reason: `store-${kind}` } });
    expect(intents).toEqual([]);
    expect(await counted(metrics)).toEqual({ [`failed/store-${kind}`]: 1 });
  });

  it('slower than the deadline is answered 503; what commits later still counts', async () => {
    const memory = makeMemoryStore();
    const gate = Promise.withResolvers<void>();
    const store: EnvironmentStore = { ...memory, create: (desired) => gate.promise.then(() => memory.create(desired)) };
    const { server, intents, rereads } = await start({ store, deadlineMs: 30 });
    expect(await deliver(server, 'pull_request', pullBody(1))).toMatchObject({
      status: 503,
      retryAfter: '30',
      json: { reason: 'deadline' },
    });
    expect(intents).toEqual([]);
    gate.resolve();
    await vi.waitFor(() => expect(intents).toEqual(['tt-feature']));
    await vi.waitFor(() => expect(rereads).toEqual(['acme/todo#12']));
  });

  it('that hangs for one delivery does not hold up another', async () => {
    const memory = makeMemoryStore();
    const gate = Promise.withResolvers<void>();
    const store: EnvironmentStore = {
      ...memory,
      async get(sessionId) {
        if (sessionId === 'tt-stuck') await gate.promise;
        return memory.get(sessionId);
      },
    };
    const { server } = await start({ store });
    const stuck = deliver(server, 'pull_request', pullBody(1, { ref: 'stuck' }));
    expect((await deliver(server, 'pull_request', pullBody(1))).status).toBe(200);
    gate.resolve();
    expect((await stuck).status).toBe(200);
  });

  it('that fails in a way nobody foresaw is answered 500, without its message', async () => {
    const store: EnvironmentStore = {
      ...makeMemoryStore(),
      get: () => Promise.reject(new TypeError('inner workings')),
    };
    const { server } = await start({ store });
    const { status, json } = await deliver(server, 'pull_request', pullBody(1));
    expect(status).toBe(500);
    expect(JSON.stringify(json)).not.toContain('inner workings');
  });

  it('is none of ours when the listener for intent fails', async () => {
    const { server } = await start({
      onIntent() {
        throw new Error('cannot');
      },
    });
    expect((await deliver(server, 'pull_request', pullBody(1))).status).toBe(200);
  });
});

describe('a sender in trouble', () => {
  const unfinished = [
    'POST /webhooks/github HTTP/1.1',
    'host: x',
    'x-hub-signature-256: sha256=00',
    'content-length: 100',
  ];

  it('that sends its body too slowly is cut off, and holds up nobody', async () => {
    const { server } = await start({ requestMs: 200 });
    const { answer } = await talk(server, [...unfinished, '', '{"a":'].join('\r\n'));
    expect((await deliver(server, 'ping', {})).status).toBe(200);
    expect(await answer).toContain('408');
  });

  it('that never ends its headers is cut off', async () => {
    const { server } = await start({ requestMs: 200 });
    const { answer } = await talk(server, unfinished.join('\r\n'));
    expect(await answer).toContain('408');
  });

  it('that hangs up in the middle leaves the server well', async () => {
    const { server, store } = await start();
    const { socket } = await talk(server, [...unfinished, '', '{"a":'].join('\r\n'));
    socket.destroy();
    expect((await deliver(server, 'pull_request', pullBody(1))).status).toBe(200);
    expect(await store.list()).toHaveLength(1);
  });

  it('that hangs up before the answer still has its write done', async () => {
    const memory = makeMemoryStore();
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const store: EnvironmentStore = {
      ...memory,
      async create(desired) {
        entered.resolve();
        await gate.promise;
        await memory.create(desired);
      },
    };
    const { server, intents, rereads } = await start({ store });
    const body = JSON.stringify(pullBody(1));
    const head = ['POST /webhooks/github HTTP/1.1', 'host: x', `x-hub-signature-256: ${sign(body)}`];
    const event = ['x-github-event: pull_request', `content-length: ${Buffer.byteLength(body)}`, '', body];
    const { socket } = await talk(server, [...head, ...event].join('\r\n'));
    await entered.promise;
    socket.destroy();
    gate.resolve();
    await vi.waitFor(() => expect(intents).toEqual(['tt-feature']));
    await vi.waitFor(() => expect(rereads).toHaveLength(1));
  });

  it('that speaks no HTTP leaves the server well', async () => {
    const { server } = await start();
    const { answer } = await talk(server, 'hello\r\n\r\n');
    expect(await answer).toContain('400');
    expect((await deliver(server, 'ping', {})).status).toBe(200);
  });
});
