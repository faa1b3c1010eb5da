import { createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../../container/src/app/ports.ts';

test('ports are different, also when many ask at once, and can be listened on', async () => {
  const found = (await Promise.all([freePorts(3), freePorts(3), freePorts(3)])).flat();
  expect(new Set(found).size).toBe(9);
  for (const port of found) {
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    expect((server.address() as AddressInfo).port).toBe(port);
  }
});

test('ports are below those that outgoing connections take', async () => {
  for (const port of await freePorts(20)) expect(port).toBeLessThan(32_768);
});

test('no ports are asked for where none is needed', async () => {
  expect(await freePorts(0)).toEqual([]);
});
