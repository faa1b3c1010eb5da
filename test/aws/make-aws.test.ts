/** The clients over real sockets on loopback: credentials, regions, refusals, closing. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeAws } from '../../src/aws/make-aws.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import { thrownBy } from './thrown.ts';

let server: Server;
let requests: IncomingMessage[];
let respond: boolean;
let aws: ReturnType<typeof makeAws>;

beforeEach(async () => {
  vi.unstubAllEnvs();
  requests = [];
  respond = true;
  server = createServer((request, response) => {
    requests.push(request);
    request.resume();
    if (respond) request.on('end', () => response.end('{"taskArns":["arn:task"]}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  aws = makeAws({ region: 'eu-west-1', endpoint, clock: systemClock, metrics: makeMetrics() });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('over a socket', () => {
  it('an endpoint of one’s own needs no credentials', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    expect(await aws.ecs.listTasks('main', 'me')).toEqual(['arn:task']);
    expect(requests[0]?.headers.authorization).toContain('Credential=local/');
  });

  it('takes those of the environment when there are some', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDTEST');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    await aws.ecs.listTasks('main', 'me');
    expect(requests[0]?.headers.authorization).toContain('Credential=AKIDTEST/');
    expect(requests[0]?.headers.authorization).toContain('/eu-west-1/ecs/');
  });

  it('a registry is asked in its own region, with one client for each', async () => {
    const image = { registryId: '123456789012', repository: 'web', tag: 'v1' };
    for (const region of ['us-east-2', 'eu-west-1', 'us-east-2']) {
      await thrownBy(aws.ecr.imageDigest({ ...image, region }));
    }
    const scopes = requests.map(({ headers }) => /\/([a-z0-9-]+)\/ecr\//.exec(headers.authorization ?? '')?.[1]);
    expect(scopes).toEqual(['us-east-2', 'eu-west-1', 'us-east-2']);
  });

  it('nobody listening is unavailable, at the first try', async () => {
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const metrics = makeMetrics();
    const alone = makeAws({ region: 'eu-west-1', endpoint: `http://127.0.0.1:${port}`, clock: systemClock, metrics });
    expect(await thrownBy(alone.ecs.listTasks('main', 'me'))).toMatchObject({
      kind: 'unavailable',
      code: 'ECONNREFUSED',
    });
    await alone.close();
    server.listen(0, '127.0.0.1');
  });

  it('closing ends a call that waits for its answer', async () => {
    respond = false;
    const arrived = new Promise((resolve) => server.once('request', resolve));
    const waiting = thrownBy(aws.ecs.listTasks('main', 'me'));
    await arrived;
    await aws.close();
    expect(await waiting).toMatchObject({ kind: 'unavailable', code: 'Closed' });
    expect(requests).toHaveLength(1);
  });
});
