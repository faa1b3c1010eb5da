/** A hot reload that is cancelled by going back to the commit that serves leaves the files of the other commit. */
import { appendFileSync } from 'node:fs';
import { test } from 'vitest';
import { app, type Files, makeRepository, serves, startEnvironment, until } from './stage.ts';

const SERVER = `
const { readFileSync, appendFileSync } = require('node:fs');
require('node:child_process').execSync('git config filter.slow.smudge "cat; while test -e /tmp/mayfly-slow; do sleep 0.1; done"');
require('node:http').createServer((request, response) => response.end(readFileSync('page.txt')))
  .listen(process.env.PORT, process.env.HOST);
`;
const site = (page: string): Files => ({
  ...app('x', { start: 'exec node dev.cjs' }),
  'dev.cjs': SERVER,
  'page.txt': page,
  'z.slow': page,
  '.gitattributes': '*.slow filter=slow\n',
  '.mayfly.yml': 'hot: true\n',
});

test('a hot reload that is taken back leaves the files of the commit that serves', async () => {
  const repository = makeRepository();
  const first = repository.commit(site('one'));
  const environment = await startEnvironment({ repository });
  await environment.reported(serves(first));
  appendFileSync('/tmp/mayfly-slow', '');
  const second = repository.commit(site('two'));
  await environment.sync(second);
  await until(
    () => environment.get(),
    ({ body }) => body === 'two',
  );
  await environment.sync(first);
  (await import('node:fs')).rmSync('/tmp/mayfly-slow');
  await until(
    () => environment.get(),
    ({ body }) => body === 'one',
    5_000,
  );
  await environment.reported(serves(first));
}, 40_000);
