import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isHealthy, makeHealthCheck, probe, type Probe } from '../../../container/src/app/health.ts';
import { HOST, until } from '../stage.ts';

describe('a health check', () => {
  test('asks once for all who ask together, and not again while the answer is fresh', async () => {
    let asked = 0;
    let time = 0;
    const answer: Probe = { status: 200 };
    const check = makeHealthCheck(() => Promise.resolve(answer).finally(() => (asked += 1)), {
      freshMs: 10,
      waitMs: 100,
      now: () => time,
    });
    time = 20;
    expect(await Promise.all([check.healthy(), check.healthy()])).toEqual([true, true]);
    expect(asked).toBe(1);
    await check.healthy();
    expect(asked).toBe(1);
  });

  test('keeps the last answer while a slow one is awaited', async () => {
    let time = 0;
    let answer: ((probe: Probe) => void) | undefined;
    const ask = (): Promise<Probe> => new Promise((resolve) => (answer = resolve));
    const check = makeHealthCheck(ask, { freshMs: 10, waitMs: 5, now: () => time });
    time = 20;
    expect(await check.healthy()).toBe(true);
    answer?.({ error: 'ECONNREFUSED' });
    await until(
      () => check.last,
      (last) => !last,
    );
    expect(await check.healthy()).toBe(false);
    time = 40;
    const next = check.healthy();
    answer?.({ status: 404 });
    expect(await next).toBe(true);
  });
});

describe('a look at an app', () => {
  /** An app that sends these bytes to whoever connects. */
  async function answering(bytes: string): Promise<Probe> {
    const asked: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        asked.push(String(chunk));
        socket.write(bytes);
      });
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const found = await probe(
      { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
      '/health?x',
      HOST,
      300,
    );
    expect(asked[0]).toMatch(new RegExp(`^GET /health\\?x HTTP/1.1\r\n(?:.*\r\n)*host: ${HOST}\r\n`, 'i'));
    return found;
  }

  test.each([
    [200, true],
    [302, true],
    [404, true],
    [500, false],
    [503, false],
  ])('that answers %i', async (status, healthy) => {
    const found = await answering(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
    expect(found).toEqual({ status });
    expect(isHealthy(found)).toBe(healthy);
  });

  test('that answers nothing, or not in HTTP, says what it found', async () => {
    expect(await answering('')).toEqual({ error: 'no answer within 300 ms' });
    expect(await answering('HTTP/1.1 200 OK\r\nX-Endless: ')).toEqual({ error: 'no answer within 300 ms' });
    expect(await answering('nonsense\r\n\r\n')).toEqual({ error: 'HPE_INVALID_CONSTANT' });
  });

  test('that is not there says so', async () => {
    expect(await probe({ host: '127.0.0.1', port: 1 }, '/', HOST, 300)).toEqual({ error: 'ECONNREFUSED' });
  });
});
