import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { checkPorts, FIXED_PORTS, freePorts } from '../../../src/local/demo/ports.ts';

it('gives ports that differ, are free, and are not of the range of outgoing connections', async () => {
  const sets = await Promise.all([freePorts(), freePorts(), freePorts()]);
  const ports = sets.flatMap((set) => Object.values(set));
  expect(new Set(ports).size).toBe(18);
  expect(Math.max(...ports)).toBeLessThan(32_768);
  for (const set of sets) await checkPorts(set);
});

it('names every taken port with the option that changes it', async () => {
  const ports = await freePorts();
  const server = createServer().listen(ports.admin, '127.0.0.1');
  await once(server, 'listening');
  try {
    const refusal = expect(checkPorts(ports)).rejects;
    await refusal.toThrow(`  ${ports.admin} (--admin-port chooses another)`);
    await expect(checkPorts({ ...ports, admin: (await freePorts()).admin })).resolves.toBeUndefined();
  } finally {
    server.close();
  }
  expect(Object.keys(FIXED_PORTS)).toEqual(Object.keys(ports));
});
