/** A development server that is not healthy while it takes a change in, as one that compiles or starts itself again. */
import { expect, test } from 'vitest';
import { app, type Files, makeRepository, serves, startEnvironment } from './stage.ts';

const SERVER = `
const { readFileSync } = require('node:fs');
let known = readFileSync('page.txt', 'utf8');
let busyUntil = 0;
require('node:http').createServer((request, response) => {
  const page = readFileSync('page.txt', 'utf8');
  if (page !== known) busyUntil = Date.now() + 800;
  known = page;
  response.statusCode = Date.now() < busyUntil ? 503 : 200;
  response.end(page);
}).listen(process.env.PORT, process.env.HOST);
`;
const site = (text: string): Files => ({
  ...app('x', { dev: 'exec node dev.cjs' }),
  'dev.cjs': SERVER,
  'page.txt': text,
  '.mayfly.yml': 'hot: true\n',
});

test('a reload is waited for until the server is healthy again, as a start is', async () => {
  const repository = makeRepository();
  const first = repository.commit(site('one'));
  const environment = await startEnvironment({ repository, timings: { probeFreshMs: 0 } });
  await environment.reported(serves(first));
  const second = repository.commit(site('two'));
  await environment.sync(second);
  const report = await environment.reported((each) => each.failure !== undefined || serves(second)(each));
  expect(report.failure).toBeUndefined();
  expect((await environment.get()).body).toBe('two');
}, 40_000);
