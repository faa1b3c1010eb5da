import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeVerifier } from '../../container/src/control/signature.ts';
import { makeControlClient } from '../../src/control/client.ts';
import type { ControlPort } from '../../src/control/port.ts';
import { bodySha256, type Claims, parseSigningKey, publicKeyOf, sign } from '../../src/control/signing.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';

const PEM = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const SESSION = 'tt-feature';
const COMMIT = 'a'.repeat(40);
const SECRET = 'correct horse battery';
const TOKEN = `ghp_${'a1'.repeat(18)}`;
const REPORT = { session: SESSION, liveCommit: COMMIT, healthy: true, inFlight: 2 };

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function clientOf(listener: RequestListener, timeoutMs = 5_000): Promise<ControlPort> {
  const server = createServer(listener);
  onTestFinished(() => server.closeAllConnections());
  const port = await listen(server);
  return makeControlClient({ signingKey: PEM, port, timeoutMs, clock: systemClock, secrets: [SECRET] });
}

const answering = (status: number, body: unknown): Promise<ControlPort> =>
  clientOf((_, response) => response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body)));

async function messageOf(client: ControlPort, ip = '127.0.0.1'): Promise<string> {
  const answer = await client.report(ip, SESSION);
  if (answer.ok) throw new Error('expected an answer that is not ok');
  return answer.message;
}

describe('a report', () => {
  test('is passed on, without what the model does not know', async () => {
    const client = await answering(200, { ...REPORT, uptime: 3 });
    expect(await client.report('127.0.0.1', SESSION)).toEqual({ ok: true, report: REPORT });
  });

  test('of hostile size is cut', async () => {
    const logTail = Array.from({ length: 50 }, (_, i) => `${i} ${'x'.repeat(3_000)}`);
    const failure = { phase: 'build', message: 'm'.repeat(9_000), at: '2030-01-01T00:00:00.000Z', logTail };
    const answer = await (await answering(200, { ...REPORT, failure })).report('127.0.0.1', SESSION);
    const cut = answer.ok ? answer.report.failure : undefined;
    expect(cut?.message).toHaveLength(2_000);
    expect(cut?.logTail).toHaveLength(20);
    expect(cut?.logTail[0]).toMatch(/^30 /);
    expect(cut?.logTail[0]).toHaveLength(1_000);
  });

  test('and its failure lose what is secret before they are cut, also where it spans lines', async () => {
    const logTail = ['x', `a ${SECRET}`, '-----BEGIN PRIVATE KEY-----', 'MIIE', '-----END PRIVATE KEY-----', 'last'];
    const message = `${'m'.repeat(1_990)} ${TOKEN} ${SECRET}`;
    const failure = { phase: 'build', message, at: '2030-01-01T00:00:00.000Z', logTail };
    const answer = await (await answering(200, { ...REPORT, failure })).report('127.0.0.1', SESSION);
    const failed = answer.ok ? answer.report.failure : undefined;
    expect(failed?.logTail).toEqual(['x', 'a [redacted]', '[redacted]', 'last']);
    expect(failed?.message).toMatch(/m \[redacte/);
  });

  test.each([
    [{ ...REPORT, session: TOKEN }, 200],
    [{ ...REPORT, session: SECRET }, 200],
    [{ error: 'no', message: `it is ${SECRET} and ${TOKEN}` }, 500],
  ])('that is not one is told without what is secret', async (body, status) => {
    const client = await answering(status, body);
    const message = await messageOf(client);
    expect(message).toContain('[redacted]');
    expect(message).not.toMatch(/horse|ghp_/);
    const error: unknown = await client.sync('127.0.0.1', SESSION, { branch: 'a', commit: COMMIT }).catch((e) => e);
    expect(String(error)).not.toMatch(/horse|ghp_/);
  });

  test.each([
    ['not JSON', 'the body is not JSON'],
    [{ ...REPORT, healthy: 'yes' }, 'healthy: '],
    [{ ...REPORT, liveCommit: 'main' }, 'liveCommit: expected 40 or 64 hex digits'],
    [{ ...REPORT, inFlight: -1 }, 'inFlight: '],
    [{ ...REPORT, job: { phase: 'dance', startedAt: '2030-01-01T00:00:00Z' } }, 'job.phase: '],
    [null, 'the body: '],
  ])('that is %j is not taken', async (body, fault) => {
    expect(await messageOf(await answering(200, body))).toContain(
      `is not a supervisor's: its report is not valid (${fault}`,
    );
  });

  test('never throws, whatever the answer', async () => {
    const bodies = fc.oneof(fc.string(), fc.json());
    let body = '';
    const client = await clientOf((_, response) => response.end(body));
    await fc.assert(
      fc.asyncProperty(bodies, async (text) => {
        body = text;
        expect((await client.report('127.0.0.1', SESSION)).ok).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('of another session is not taken', async () => {
    const client = await answering(200, { ...REPORT, session: 'tt-other' });
    expect(await messageOf(client)).toMatch(/belongs to another session \(tt-other\)$/);
  });
});

describe('what went wrong is told apart', () => {
  test('nobody listens', async () => {
    const client = makeControlClient({ signingKey: PEM, port: 1, timeoutMs: 5_000, clock: systemClock, secrets: [] });
    expect(await messageOf(client)).toBe(
      'the control port 127.0.0.1:1 refused the connection: no supervisor listens there',
    );
  });

  test('nobody answers in time', async () => {
    const client = await clientOf(() => undefined, 50);
    expect(await messageOf(client)).toMatch(/timed out after 50 ms/);
  });

  test('an answer that drips is bounded too', async () => {
    const client = await clientOf((_, response) => response.write('{'), 100);
    expect(await messageOf(client)).toMatch(/timed out after 100 ms/);
  });

  test('an answer that does not end is cut off', async () => {
    const client = await clientOf((_, response) => response.end('x'.repeat(300_000)));
    expect(await messageOf(client)).toMatch(/its answer does not end$/);
  });

  test('the signature is refused', async () => {
    const client = await answering(401, { error: 'bad_signature', message: 'not of this operator' });
    expect(await messageOf(client)).toMatch(/refused the signature \(bad_signature\): not of this operator$/);
  });

  test('another server answers', async () => {
    expect(await messageOf(await answering(404, '<html>nginx</html>'))).toMatch(
      /is not a supervisor's: it answered 404$/,
    );
    expect(await messageOf(await answering(401, 'Unauthorized'))).toMatch(/is not a supervisor's: it answered 401$/);
  });

  test('what answers is not HTTP', async () => {
    const port = await listen(createTcpServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-x\r\n')));
    const client = makeControlClient({ signingKey: PEM, port, timeoutMs: 5_000, clock: systemClock, secrets: [] });
    expect(await messageOf(client)).toMatch(/the answer is not HTTP$/);
  });

  test('the address is none', async () => {
    expect(await messageOf(await answering(200, REPORT), 'metadata.internal')).toMatch(/not an IP address/);
  });
});

describe('an order to update', () => {
  test('resolves when it was accepted, and carries what was asked', async () => {
    let seen = '';
    const client = await clientOf((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => (seen += `${request.method} ${request.url} ${text}`));
      request.on('end', () => response.writeHead(202).end('{}'));
    });
    await client.sync('127.0.0.1', SESSION, { branch: 'größe', commit: COMMIT });
    expect(seen).toBe(`POST /sync {"branch":"größe","commit":"${COMMIT}"}`);
  });

  test('carries what is lent with it', async () => {
    let seen = '';
    const client = await clientOf((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => (seen += text));
      request.on('end', () => response.writeHead(202).end('{}'));
    });
    const order = { branch: 'a', commit: COMMIT, credential: TOKEN, cache: { get: `https://c.example.com/{key}` } };
    await client.sync('127.0.0.1', SESSION, order);
    expect(JSON.parse(seen)).toEqual(order);
  });

  test('that fails tells nothing of what was lent, whatever the answer repeats', async () => {
    const credential = 'horse-staple-battery';
    const cache = { get: 'https://c.example.com/{key}?s=horse1', put: 'https://c.example.com/{key}?s=horse2' };
    const said = `cannot use ${credential} at ${cache.get} or ${cache.put} for ${encodeURIComponent(credential)}`;
    const client = await answering(400, { error: 'invalid_field', message: said });
    const order = { branch: 'a', commit: COMMIT, credential, cache };
    const error: unknown = await client.sync('127.0.0.1', SESSION, order).catch((e) => e);
    expect(String(error)).toContain('cannot use [redacted] at [redacted] or [redacted]');
    expect(String(error)).not.toContain('horse');
  });

  test.each([
    [
      503,
      { error: 'stopping', message: 'the supervisor is stopping' },
      'answered 503 (stopping): the supervisor is stopping',
    ],
    [401, { error: 'expired', message: 'late' }, 'refused the signature (expired): late'],
    [200, {}, "is not a supervisor's: it answered 200"],
  ])('throws when the answer is %i', async (status, body, message) => {
    const client = await answering(status, body);
    const order = client.sync('127.0.0.1', SESSION, { branch: 'feature', commit: COMMIT });
    await expect(order).rejects.toMatchObject({
      reason: 'ControlUnreachable',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('signing', () => {
  const key = parseSigningKey(PEM);
  const claims: Claims = {
    session: SESSION,
    method: 'GET',
    path: '/status',
    bodySha256: bodySha256(''),
    iat: 940,
    exp: 1_000,
    nonce: 'n'.repeat(16),
  };

  test('is over the text of the first part, with the key that the task can check', () => {
    const [, payload = '', signature = ''] = /^Mayfly ([\w-]+)\.([\w-]+)$/.exec(sign(claims, key)) ?? [];
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual(claims);
    const spki = Buffer.from(publicKeyOf(PEM), 'base64');
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    expect(verify(null, Buffer.from(payload), publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  test('goes by the clock passed in, and differs with every request', async () => {
    const headers: string[] = [];
    const server = createServer((request, response) => {
      headers.push(request.headers.authorization ?? '');
      response.end();
    });
    const clock: Clock = { ...systemClock, now: () => 5_000_000 };
    const client = makeControlClient({
      signingKey: PEM,
      port: await listen(server),
      timeoutMs: 5_000,
      clock,
      secrets: [],
    });
    await client.report('127.0.0.1', SESSION);
    await client.report('127.0.0.1', SESSION);
    const verifier = makeVerifier(createPublicKey(key), SESSION, { now: () => 5_000_000 });
    const [one, two] = headers.map((authorization) =>
      verifier.claims({ authorization, method: 'GET', path: '/status' }),
    );
    expect(one).toMatchObject({ iat: 5_000, exp: 5_060 });
    expect(one?.nonce).not.toBe(two?.nonce);
  });

  test('refuses a key of another kind without showing it', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    expect(() => publicKeyOf(rsa)).toThrow('the signing key is of type rsa; Ed25519 is needed');
    expect(() => publicKeyOf('secret text')).toThrow(/^the signing key is not a private key in PEM \(PKCS #8\)$/);
  });
});
