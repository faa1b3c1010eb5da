import { createPublicKey } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeNonces } from '../../../container/src/control/nonces.ts';
import { type Claims, makeVerifier, Refusal, type Verifier } from '../../../container/src/control/signature.ts';
import { type Claims as Signed, sign } from '../../../src/control/signing.ts';
import { SESSION } from '../stage.ts';
import { call, claimsOf, codeOf, key, post, stand } from './stand.ts';

const START = 1_900_000_000;

function stage(maxNonces?: number) {
  let seconds = START;
  const options = { now: () => seconds * 1_000, ...(maxNonces === undefined ? {} : { maxNonces }) };
  const verifier = makeVerifier(createPublicKey(key), SESSION, options);
  return { verifier, at: (time: number) => (seconds = time) };
}

const signed = (claims: Partial<Signed>): string =>
  sign({ ...claimsOf({}), iat: START, exp: START + 60, ...claims }, key);

function check(verifier: Verifier, authorization: string | undefined, path = '/status'): string {
  try {
    verifier.claims({ authorization, method: 'GET', path });
    return 'taken';
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

function spend(verifier: Verifier, nonce: string, exp: number): string {
  try {
    verifier.spend({ nonce, exp } as Claims);
    return 'taken';
  } catch (error) {
    return error instanceof Refusal ? error.code : String(error);
  }
}

describe('a request that was signed before this supervisor began', () => {
  test.each([
    [START + 10, 'taken'],
    [START, 'taken'],
    [START - 5, 'taken'],
    [START - 6, 'issued_before_start'],
    [0, 'issued_before_start'],
  ])('is refused, but for the difference of clocks (%i)', (iat, outcome) => {
    expect(check(stage().verifier, signed({ iat }))).toBe(outcome);
  });

  test('is refused as long as it is valid, also when this one has run for a while', () => {
    const { verifier, at } = stage();
    const authorization = signed({ iat: START - 60, exp: START + 200 });
    at(START + 199);
    expect(check(verifier, authorization)).toBe('issued_before_start');
  });
});

test('a signed question may be asked until it expires', () => {
  const { verifier, at } = stage();
  const authorization = signed({});
  expect(check(verifier, authorization)).toBe('taken');
  at(START + 59);
  expect(check(verifier, authorization)).toBe('taken');
  at(START + 60);
  expect(check(verifier, authorization)).toBe('expired');
});

test('what is signed is the path with its query', async () => {
  const { ip } = await stand();
  const authorization = sign(claimsOf({ path: '/logs?source=build' }), key);
  expect((await call(ip, { path: '/logs?source=build' }, authorization)).status).toBe(200);
  for (const path of ['/logs', '/logs?source=app/web', '/logs?source=build&tail=1', '/logs?source=buil%64']) {
    expect(codeOf(await call(ip, { path }, authorization))).toBe('401 wrong_path');
  }
});

describe('an order', () => {
  test('is taken once, also when the clock is set back', () => {
    const { verifier, at } = stage();
    expect(spend(verifier, 'one', START + 60)).toBe('taken');
    expect(spend(verifier, 'one', START + 60)).toBe('replayed');
    at(START + 100);
    expect(spend(verifier, 'two', START + 160)).toBe('taken');
    at(START);
    expect(spend(verifier, 'one', START + 60)).toBe('replayed');
  });

  test('of which there were too many is refused rather than an older one forgotten', () => {
    const { verifier, at } = stage(3);
    for (const nonce of ['a', 'b', 'c']) expect(spend(verifier, nonce, START + 60)).toBe('taken');
    expect(spend(verifier, 'd', START + 60)).toBe('too_many');
    expect(spend(verifier, 'a', START + 60)).toBe('replayed');
    at(START + 361);
    expect(spend(verifier, 'd', START + 400)).toBe('taken');
  });

  test('is answered with 429 then', async () => {
    const { ip, synced } = await stand({ maxNonces: 2 });
    const order = JSON.stringify({ branch: 'x', commit: 'a'.repeat(40) });
    expect([(await post(ip, order)).status, (await post(ip, order)).status]).toEqual([202, 202]);
    expect(codeOf(await post(ip, order))).toBe('429 too_many');
    expect((await call(ip)).status).toBe(200);
    expect(synced).toHaveLength(2);
  });

  test('is never taken twice, whatever came between', () => {
    const uses = fc.array(fc.tuple(fc.nat(8), fc.integer({ min: -50, max: 400 })), { maxLength: 60 });
    fc.assert(
      fc.property(uses, (list) => {
        let time = START;
        const nonces = makeNonces(5, () => time);
        const validUntil = new Map<number, number>();
        for (const [nonce, step] of list) {
          time += step;
          const exp = validUntil.get(nonce) ?? time + 60;
          const outcome = nonces.spend(String(nonce), exp);
          // Whoever is still valid, or was a moment ago, must not come again.
          if (validUntil.has(nonce) && time < exp) expect(outcome).toBe('replayed');
          if (outcome === 'spent') validUntil.set(nonce, exp);
        }
      }),
    );
  });
});

describe('whatever the header, it is refused and nothing breaks', () => {
  const { verifier } = stage();

  test('as any text', () => {
    const part = fc.oneof(fc.base64String(), fc.string(), fc.json());
    const headers = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(part, part).map(([claims, signature]) => `Mayfly ${claims}.${signature}`),
    );
    fc.assert(
      fc.property(headers, (header) => {
        expect(check(verifier, header)).not.toBe('taken');
      }),
    );
  });

  test('as any claims that are signed', () => {
    const values = fc.oneof(fc.jsonValue(), fc.double(), fc.constantFrom(SESSION, 'GET', '/status', START, START + 60));
    const names = ['session', 'method', 'path', 'bodySha256', 'iat', 'exp', 'nonce'] as const;
    const claims = fc.record(Object.fromEntries(names.map((name) => [name, values])), { requiredKeys: [] });
    fc.assert(
      fc.property(fc.oneof(claims, fc.jsonValue()), (any) => {
        expect(check(verifier, sign(any as unknown as Signed, key))).not.toBe('taken');
      }),
      { numRuns: 300 },
    );
  });

  test('as any change of one character of a good one', () => {
    const good = signed({});
    expect(check(verifier, good)).toBe('taken');
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, char) => {
        fc.pre(good[at] !== char);
        const changed = good.slice(0, at) + char + good.slice(at + 1);
        // The last character of base64 has bits that mean nothing.
        fc.pre(at !== good.length - 1);
        expect(check(verifier, changed)).not.toBe('taken');
      }),
    );
  });

  test('over HTTP, with any body, the answer is JSON and names a fault of the client', async () => {
    const { ip, synced } = await stand();
    const printable = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    });
    const headers = fc.oneof(
      printable,
      printable.map((text) => `Mayfly ${text}.${text}`),
    );
    await fc.assert(
      fc.asyncProperty(headers, fc.string({ unit: 'binary' }), async (authorization, body) => {
        const reply = await call(ip, { method: 'POST', path: '/sync', body }, authorization);
        expect(codeOf(reply)).toMatch(/^401 (?:(?:missing|malformed)_authorization|bad_signature)$/);
      }),
      { numRuns: 60 },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), async (body) => {
        expect(codeOf(await post(ip, body))).toMatch(/^400 invalid_(?:json|field)$/);
      }),
      { numRuns: 100 },
    );
    expect(synced).toEqual([]);
    expect((await call(ip)).status).toBe(200);
  });
});
