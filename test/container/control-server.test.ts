import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { onTestFinished, describe, expect, test } from 'vitest';
import { BODY_LIMIT, startControlServer } from '../../container/src/control/server.ts';
import { makeVerifier } from '../../container/src/control/signature.ts';
import { type Claims, sign } from '../../src/control/signing.ts';
import { address, ask, KEY, type Reply, SESSION } from './stage.ts';

const key = createPrivateKey(KEY);
const SYNC = { branch: 'feature', commit: 'a'.repeat(40) };

async function stage(): Promise<{ ip: string; synced: object[] }> {
  const ip = address();
  const synced: object[] = [];
  const server = await startControlServer({
    address: ip,
    port: 8_080,
    verifier: makeVerifier(createPublicKey(key), SESSION),
    handlers: {
      health: () => Promise.resolve({ status: 'ok' }),
      status: () => Promise.resolve({ session: SESSION }),
      version: () => undefined,
      sync: (wanted) => synced.push(wanted),
    },
  });
  onTestFinished(() => server.close());
  return { ip, synced };
}

interface Call {
  readonly method?: 'GET' | 'POST';
  readonly path?: string;
  readonly body?: string;
  readonly claims?: Partial<Claims>;
}

function claimsOf({ method = 'GET', path = '/status', body = '', claims = {} }: Call): Claims {
  const bodySha256 = createHash('sha256').update(body).digest('hex');
  const exp = Math.floor(Date.now() / 1_000) + 60;
  return { session: SESSION, method, path, bodySha256, exp, nonce: randomUUID(), ...claims };
}

function call(ip: string, wanted: Call = {}, authorization = sign(claimsOf(wanted), key)): Promise<Reply> {
  const { method = 'GET', path = '/status', body } = wanted;
  return ask({ ip, port: 8_080, method, path, headers: { authorization }, ...(body === undefined ? {} : { body }) });
}

const codeOf = (reply: Reply): string => `${reply.status} ${(JSON.parse(reply.body) as { error?: string }).error}`;

describe('a signed request', () => {
  test('is answered in JSON', async () => {
    const { ip } = await stage();
    const reply = await call(ip);
    expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(reply.body)).toEqual({ session: SESSION });
    expect((await call(ip, { path: '/health' })).status).toBe(200);
  });

  test('to update is accepted with 202', async () => {
    const { ip, synced } = await stage();
    const reply = await call(ip, { method: 'POST', path: '/sync', body: JSON.stringify(SYNC) });
    expect(reply.status).toBe(202);
    expect(synced).toEqual([SYNC]);
  });

  test('may read with the same nonce again, but never change something twice', async () => {
    const { ip, synced } = await stage();
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
  ])('is refused with 401 %s', async (code, authorization) => {
    const { ip } = await stage();
    const reply = await call(ip, {}, authorization);
    expect(codeOf(reply)).toBe(`401 ${code}`);
    expect(reply.headers['www-authenticate']).toBe('Mayfly');
  });

  test('is refused when it carries no signature at all, whatever the path', async () => {
    const { ip } = await stage();
    for (const path of ['/status', '/nowhere']) {
      expect(codeOf(await ask({ ip, port: 8_080, path }))).toBe('401 missing_authorization');
    }
  });

  test('is refused when its body is not the one that was signed', async () => {
    const { ip, synced } = await stage();
    const authorization = sign(claimsOf({ method: 'POST', path: '/sync', body: JSON.stringify(SYNC) }), key);
    const forged = JSON.stringify({ ...SYNC, commit: 'b'.repeat(40) });
    expect(codeOf(await call(ip, { method: 'POST', path: '/sync', body: forged }, authorization))).toBe(
      '401 wrong_body',
    );
    expect(synced).toEqual([]);
  });
});

describe('a request that is not understood', () => {
  test.each<readonly [string, string, string]>([
    ['400 invalid_json', '{', 'the body is not JSON'],
    ['400 invalid_field', '[]', 'branch is missing; allowed: a branch name'],
    ['400 invalid_field', 'null', 'branch is missing; allowed: a branch name'],
    ['400 invalid_field', '{"branch":"-x","commit":"a"}', 'branch is "-x"; allowed: a branch name'],
    ['400 invalid_field', '{"branch":"x","commit":"main"}', 'commit is "main"; allowed: 40 or 64 hex digits'],
    ['400 invalid_field', '{"branch":"x","commit":7}', 'commit is 7; allowed: 40 or 64 hex digits'],
  ])('is answered with %s for %s', async (code, body, message) => {
    const { ip, synced } = await stage();
    const reply = await call(ip, { method: 'POST', path: '/sync', body });
    expect(codeOf(reply)).toBe(code);
    expect((JSON.parse(reply.body) as { message: string }).message).toBe(message);
    expect(synced).toEqual([]);
  });

  test('is answered with 404, 405 and 503 where there is nothing', async () => {
    const { ip } = await stage();
    expect(codeOf(await call(ip, { path: '/nowhere' }))).toBe('404 not_found');
    const wrong = await call(ip, { path: '/sync' });
    expect(codeOf(wrong)).toBe('405 method_not_allowed');
    expect(wrong.headers['allow']).toBe('POST');
    expect(codeOf(await call(ip, { path: '/version' }))).toBe('503 no_version');
  });

  test('is answered with 413 when its body is too large', async () => {
    const { ip } = await stage();
    const body = 'x'.repeat(BODY_LIMIT + 1);
    expect(codeOf(await call(ip, { method: 'POST', path: '/sync', body }))).toBe('413 body_too_large');
    const most = 'x'.repeat(BODY_LIMIT);
    expect(codeOf(await call(ip, { method: 'POST', path: '/sync', body: most }))).toBe('400 invalid_json');
  });
});
