import { describe, expect, test } from 'vitest';
import { secretsOf } from '../../../container/src/control/sync-order.ts';
import { codeOf, messageOf, post, stand, SYNC } from './stand.ts';

const CREDENTIAL = 'ghs_verysecret';
const SIGNATURE = 'f'.repeat(64);
const CACHE = {
  get: `https://cache.example.com/{key}?signature=${SIGNATURE}`,
  put: `http://10.0.0.1:4566/bucket/{key}?x=1`,
};

describe('an order to update', () => {
  test('takes what is lent with it, and repeats nothing of that', async () => {
    const { ip, synced } = await stand();
    const reply = await post(ip, JSON.stringify({ ...SYNC, credential: CREDENTIAL, cache: CACHE }));
    expect(JSON.parse(reply.body)).toEqual({ accepted: true, ...SYNC });
    expect(synced).toEqual([{ order: { kind: 'sync', ...SYNC }, grants: { credential: CREDENTIAL, cache: CACHE } }]);
  });

  test('may lend a cache to read only', async () => {
    const { ip, synced } = await stand();
    expect((await post(ip, JSON.stringify({ ...SYNC, cache: { get: CACHE.get } }))).status).toBe(202);
    expect(synced[0]?.grants).toEqual({ cache: { get: CACHE.get } });
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON'])('may say %s', async (type) => {
    const { ip } = await stand();
    expect((await post(ip, JSON.stringify(SYNC), { 'content-type': type })).status).toBe(202);
  });

  test.each(['text/plain', 'application/jsonx', 'application/x-www-form-urlencoded', ''])(
    'that says %j is refused with 415',
    async (type) => {
      const { ip, synced } = await stand();
      expect(codeOf(await post(ip, JSON.stringify(SYNC), { 'content-type': type }))).toBe('415 not_json');
      expect(synced).toEqual([]);
    },
  );

  const NO_OBJECT = 'the body is not an object; allowed: an object with branch, commit, credential, cache';
  const ALLOWED = 'allowed: branch, commit, credential, cache';

  test.each<readonly [string, string, string]>([
    ['400 invalid_json', '{', 'the body is not JSON'],
    ['400 invalid_json', '', 'the body is not JSON'],
    ['400 invalid_field', '[]', NO_OBJECT],
    ['400 invalid_field', 'null', NO_OBJECT],
    ['400 invalid_field', '"x"', NO_OBJECT],
    ['400 invalid_field', '{}', 'branch is missing; allowed: a branch name'],
    ['400 invalid_field', '{"branch":"-x","commit":"a"}', 'branch is "-x"; allowed: a branch name'],
    ['400 invalid_field', '{"branch":"x","commit":"main"}', 'commit is "main"; allowed: 40 or 64 hex digits'],
    ['400 invalid_field', '{"branch":"x","commit":7}', 'commit is 7; allowed: 40 or 64 hex digits'],
    ['400 invalid_field', '{"branch":"x","commits":"a"}', `commits is not known; ${ALLOWED}`],
    ['400 invalid_field', '{"force":true,"dry":1}', `force, dry are not known; ${ALLOWED}`],
    ['400 invalid_field', '{"__proto__":{"branch":"x"}}', `__proto__ is not known; ${ALLOWED}`],
  ])('is answered with %s for %s', async (code, body, message) => {
    const { ip, synced } = await stand();
    const reply = await post(ip, body);
    expect(codeOf(reply)).toBe(code);
    expect(messageOf(reply)).toBe(message);
    expect(synced).toEqual([]);
  });

  test.each<readonly [string, object]>([
    ['credential is not valid', { credential: '' }],
    ['credential is not valid', { credential: null }],
    ['credential is not valid', { credential: `${CREDENTIAL} x` }],
    ['credential is not valid', { credential: `${CREDENTIAL}\n` }],
    ['credential is not valid', { credential: 'é' }],
    ['credential is not valid', { credential: 'x'.repeat(1_025) }],
    ['credential is not valid', { credential: { token: CREDENTIAL } }],
    ['cache is not an object', { cache: CACHE.get }],
    ['cache is not an object', { cache: [CACHE] }],
    ['cache.get is missing', { cache: {} }],
    ['cache.delete is not known', { cache: { ...CACHE, delete: 'x' } }],
    ['cache.get is not valid', { cache: { get: `https://cache.example.com/?${SIGNATURE}` } }],
    ['cache.get is not valid', { cache: { get: 'file:///etc/{key}' } }],
    ['cache.get is not valid', { cache: { get: `https://user:${CREDENTIAL}@cache.example.com/{key}` } }],
    ['cache.get is not valid', { cache: { get: `https://cache.example.com/{key}?${'x'.repeat(4_096)}` } }],
    ['cache.get is not valid', { cache: { get: '{key}' } }],
    ['cache.put is not valid', { cache: { ...CACHE, put: 7 } }],
    ['cache.put is not valid', { cache: { ...CACHE, put: 'https://cache.example.com/{key}\r\nX: y' } }],
  ])('whose %s is refused, and shows nothing of it', async (message, more) => {
    const { ip, synced } = await stand();
    const reply = await post(ip, JSON.stringify({ ...SYNC, ...more }));
    expect(codeOf(reply)).toBe('400 invalid_field');
    expect(messageOf(reply)).toMatch(new RegExp(`^${message.replace('.', '\\.')}; allowed: |^${message}`));
    expect(reply.body).not.toContain(CREDENTIAL);
    expect(reply.body).not.toContain(SIGNATURE);
    expect(synced).toEqual([]);
  });
});

test('what must be in no log of what is lent is the credential and what signs the URLs', () => {
  expect(secretsOf({ credential: CREDENTIAL, cache: CACHE })).toEqual([CREDENTIAL, SIGNATURE]);
  expect(secretsOf({ cache: { get: 'https://cache.example.com/{key}' } })).toEqual([]);
  expect(secretsOf({})).toEqual([]);
});
