import { generateKeyPairSync } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BODY_LIMIT } from '../../../container/src/control/body.ts';
import { type Claims, sign } from '../../../src/control/signing.ts';
import { ask, SESSION } from '../stage.ts';
import { call, type Call, claimsOf, codeOf, key, post, stand, SYNC } from './stand.ts';

describe('a signed request', () => {
  test('is answered in JSON', async () => {
    const { ip } = await stand();
    const reply = await call(ip);
    expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(reply.body)).toMatchObject({ session: SESSION });
    expect((await call(ip, { path: '/health' })).status).toBe(200);
  });

  test('to update is accepted with 202', async () => {
    const { ip, synced } = await stand();
    const reply = await call(ip, { method: 'POST', path: '/sync', body: JSON.stringify(SYNC) });
    expect(reply.status).toBe(202);
    expect(JSON.parse(reply.body)).toEqual({ accepted: true, ...SYNC });
    expect(synced).toEqual([{ order: { kind: 'sync', ...SYNC }, grants: {} }]);
  });

  test('may read with the same nonce again, but never change something twice', async () => {
    const { ip, synced } = await stand();
    const read = sign(claimsOf({}), key);
    expect((await call(ip, {}, read)).status).toBe(200);
    expect((await call(ip, {}, read)).status).toBe(200);
    const order: Call = { method: 'POST', path: '/sync', body: JSON.stringify(SYNC) };
    const once = sign(claimsOf(order), key);
    expect((await call(ip, order, once)).status).toBe(202);
    expect(codeOf(await call(ip, order, once))).toBe('401 replayed');
    expect(synced).toHaveLength(1);
  });
});

describe('a request that is not to be trusted', () => {
  const stranger = generateKeyPairSync('ed25519').privateKey;
  const seconds = Math.floor(Date.now() / 1_000);

  test.each<readonly [string, string]>([
    ['malformed_authorization', 'Bearer x'],
    ['malformed_authorization', 'Mayfly onlyonepart'],
    ['bad_signature', sign(claimsOf({}), stranger)],
    ['bad_signature', `${sign(claimsOf({}), key).slice(0, -4)}AAAA`],
    ['malformed_authorization', sign({ session: SESSION } as Claims, key)],
    ['malformed_authorization', sign(claimsOf({ claims: { nonce: 'short' } }), key)],
    ['wrong_session', sign(claimsOf({ claims: { session: 'tt-other' } }), key)],
    ['wrong_method', sign(claimsOf({ claims: { method: 'POST' } }), key)],
    ['wrong_path', sign(claimsOf({ claims: { path: '/version' } }), key)],
    ['wrong_body', sign(claimsOf({ body: 'another' }), key)],
    ['wrong_body', sign(claimsOf({ claims: { bodySha256: 'zz' } }), key)],
    ['expired', sign(claimsOf({ claims: { exp: seconds - 1 } }), key)],
    ['expires_too_late', sign(claimsOf({ claims: { exp: seconds + 3_600 } }), key)],
    ['issued_before_start', sign(claimsOf({ claims: { iat: seconds - 60 } }), key)],
    ['malformed_authorization', sign({ ...claimsOf({}), iat: undefined } as unknown as Claims, key)],
    ['malformed_authorization', sign({ ...claimsOf({}), iat: '1' } as unknown as Claims, key)],
  ])('is refused with 401 %s', async (code, authorization) => {
    const { ip } = await stand();
    const reply = await call(ip, {}, authorization);
    expect(codeOf(reply)).toBe(`401 ${code}`);
    expect(reply.headers['www-authenticate']).toBe('Mayfly');
  });

  test('is refused when it carries no signature at all, whatever the path', async () => {
    const { ip } = await stand();
    for (const path of ['/status', '/nowhere']) {
      expect(codeOf(await ask({ ip, port: 8_080, path }))).toBe('401 missing_authorization');
    }
  });

  test('is refused when its body is not the one that was signed', async () => {
    const { ip, synced } = await stand();
    const authorization = sign(claimsOf({ method: 'POST', path: '/sync', body: JSON.stringify(SYNC) }), key);
    const forged = JSON.stringify({ ...SYNC, commit: 'b'.repeat(40) });
    expect(codeOf(await call(ip, { method: 'POST', path: '/sync', body: forged }, authorization))).toBe(
      '401 wrong_body',
    );
    expect(synced).toEqual([]);
  });
});

describe('a request that is not understood', () => {
  test('is answered with 404, 405 and 503 where there is nothing', async () => {
    const { ip } = await stand();
    expect(codeOf(await call(ip, { path: '/nowhere' }))).toBe('404 not_found');
    expect(codeOf(await call(ip, { path: '/constructor' }))).toBe('404 not_found');
    const wrong = await call(ip, { path: '/sync' });
    expect(codeOf(wrong)).toBe('405 method_not_allowed');
    expect(wrong.headers['allow']).toBe('POST');
    expect(codeOf(await call(ip, { method: 'POST', path: '/logs', body: '' }))).toBe('405 method_not_allowed');
    expect(codeOf(await call(ip, { path: '/version' }))).toBe('503 no_version');
  });

  test('is answered with 413 when its body is too large', async () => {
    const { ip } = await stand();
    expect(codeOf(await post(ip, 'x'.repeat(BODY_LIMIT + 1)))).toBe('413 body_too_large');
    expect(codeOf(await post(ip, 'x'.repeat(BODY_LIMIT)))).toBe('400 invalid_json');
  });

  test('is answered with 500, and no word of why, when the supervisor is at fault', async () => {
    const { ip } = await stand({ handlers: { status: () => Promise.reject(new Error('secret path')) } });
    const reply = await call(ip);
    expect(codeOf(reply)).toBe('500 internal');
    expect(reply.body).not.toContain('secret path');
  });
});

describe('a connection', () => {
  function raw(ip: string): { socket: Socket; text: () => string; closed: Promise<string> } {
    const socket = connect(8_080, ip);
    onTestFinished(() => void socket.destroy());
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('error', () => undefined);
    return { socket, text: () => text, closed: new Promise((resolve) => socket.on('close', () => resolve(text))) };
  }

  const head = (wanted: Call, more = ''): string =>
    `${wanted.method ?? 'GET'} ${wanted.path ?? '/status'} HTTP/1.1\r\nHost: x\r\n` +
    `Authorization: ${sign(claimsOf(wanted), key)}\r\n${more}\r\n`;

  test('that carries several requests at once gets their answers in order', async () => {
    const { ip, synced } = await stand();
    const { socket, closed } = raw(ip);
    const body = JSON.stringify(SYNC);
    const order: Call = { method: 'POST', path: '/sync', body };
    socket.write(head({ path: '/health' }) + head(order, `Content-Length: ${body.length}\r\n`) + body);
    socket.write(head({ path: '/nowhere' }, 'Connection: close\r\n'));
    const codes = [...(await closed).matchAll(/^HTTP\/1.1 (\d+)/gm)].map(([, code]) => code);
    expect(codes).toEqual(['200', '202', '404']);
    expect(synced).toHaveLength(1);
  });

  test('that brings its body too slowly is told so and closed', async () => {
    const { ip, synced } = await stand({ limits: { requestMs: 200 } });
    const { socket, closed } = raw(ip);
    const order: Call = { method: 'POST', path: '/sync', body: JSON.stringify(SYNC) };
    socket.write(head(order, 'Content-Length: 100\r\n'));
    socket.write('{');
    expect(await closed).toMatch(/^HTTP\/1.1 408 [^]*"error":"too_slow"/);
    expect(synced).toEqual([]);
  });

  test('that brings its headers too slowly is told so and closed', async () => {
    const { ip } = await stand({ limits: { requestMs: 200 } });
    const { socket, closed } = raw(ip);
    socket.write('GET /status HTTP/1.1\r\nHost: x\r\nAutho');
    expect(await closed).toMatch(/^HTTP\/1.1 408 [^]*"error":"too_slow"/);
  });

  test.each([
    ['400', 'invalid_http', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['431', 'headers_too_large', `GET /status HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
  ])('that is not understood is answered with %s %s', async (status, code, text) => {
    const { ip } = await stand();
    const { socket, closed } = raw(ip);
    socket.write(text);
    expect(await closed).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*"error":"${code}"`));
  });

  test('that leaves in the middle of a body does no harm', async () => {
    const { ip, synced } = await stand();
    const { socket, closed } = raw(ip);
    const order: Call = { method: 'POST', path: '/sync', body: JSON.stringify(SYNC) };
    socket.write(`${head(order, 'Content-Length: 100\r\n')}{"branch`, () => socket.destroy());
    await closed;
    expect((await call(ip)).status).toBe(200);
    expect(synced).toEqual([]);
  });

  test('of a stranger is not asked for its body', async () => {
    const { ip } = await stand();
    const { socket, closed } = raw(ip);
    socket.write('POST /sync HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n');
    expect(await closed).toMatch(/^HTTP\/1.1 401 [^]*"error":"missing_authorization"/);
  });
});

test('a server that closes ends what it answers', async () => {
  const never = new Promise<object>(() => undefined);
  const { ip, server } = await stand({ handlers: { health: () => never } });
  const asked = call(ip, { path: '/health' });
  const failed = expect(asked).rejects.toThrow();
  expect((await call(ip)).status).toBe(200);
  await server.close();
  await failed;
  await expect(ask({ ip, port: 8_080 })).rejects.toThrow('ECONNREFUSED');
});
