import { spawn } from 'node:child_process';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { makeOutput } from '../../../container/src/log/output.ts';

/** A reader that takes nothing until it is told to. */
function slow() {
  const taken: string[] = [];
  const held: (() => void)[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      taken.push(chunk);
      held.push(done);
    },
  });
  return { stream, taken, release: () => held.shift()?.() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('lines come out in their order', async () => {
  const stream = new PassThrough();
  const output = makeOutput(stream);
  for (let i = 0; i < 1_000; i += 1) output.write(`${i}\n`);
  await output.drained(10_000);
  expect(String(stream.read())).toBe(Array.from({ length: 1_000 }, (_, i) => `${i}\n`).join(''));
});

test('what a slow reader does not take is bounded, counted, and told once there is room', async () => {
  const { stream, taken, release } = slow();
  const output = makeOutput(stream, 19);
  for (const text of ['first\n', 'second\n', 'third\n', 'fourth\n', 'fifth\n', 'sixth\n']) output.write(text);
  release();
  await turn();
  output.write('later\n');
  release();
  await turn();
  expect(taken).toEqual([
    'first\n',
    'second\nthird\n[mayfly] 3 lines left out here: stdout was too slow; the whole log is at /logs\n',
    'later\n',
  ]);
});

test('waiting for the last lines ends when they are out, or when nobody takes them', async () => {
  const { stream, release } = slow();
  const output = makeOutput(stream);
  await output.drained(10_000);
  output.write('x\n');
  await output.drained(1);
  const drained = output.drained(60_000);
  release();
  await drained;
});

test('a reader that is gone is no reason to fail', async () => {
  const stream = new PassThrough();
  const output = makeOutput(stream);
  stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  await turn();
  output.write('x\n');
  await output.drained(10_000);
});

const SCRIPT = `
import { makeOutput } from ${JSON.stringify(fileURLToPath(new URL('../../../container/src/log/output.ts', import.meta.url)))};
const output = makeOutput(process.stdout);
const line = 'x'.repeat(999) + '\\n';
let turns = 0;
const timer = setInterval(() => {
  for (let i = 0; i < 1_000; i += 1) output.write(line);
  turns += 1;
  process.stderr.write(turns + '\\n');
  if (turns === 20) process.exit(7);
}, 1);
`;

test.each(['is never read', 'is closed'])('a process goes on and ends by itself when its stdout %s', async (what) => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  if (what === 'is closed') child.stdout.destroy();
  child.stderr.resume();
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  expect(code).toBe(7);
});
