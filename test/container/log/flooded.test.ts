import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { temporary } from '../stage.ts';

const SCRIPT = fileURLToPath(new URL('flooded.ts', import.meta.url));
const MB = 2 ** 20;
/** A heap in which 100 MB have no place. */
const SMALL_HEAP = ['--max-old-space-size=64', '--max-semi-space-size=4'];

test('a child that prints 100 MB costs little memory, little disk and little of stdout, and its end is kept', async () => {
  const dir = join(temporary(), 'logs');
  const supervisor = spawn(process.execPath, [...SMALL_HEAP, SCRIPT, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void supervisor.kill('SIGKILL'));
  let printed = 0;
  let last = '';
  const notices: string[] = [];
  const lines = createInterface({ input: supervisor.stdout });
  lines.on('line', (line) => {
    printed += line.length + 1;
    last = line;
    if (line.startsWith('[mayfly]')) notices.push(line);
  });
  await once(lines, 'close');
  const { grown } = JSON.parse(last) as { grown: number };
  expect(grown).toBeLessThan(90);
  expect(printed).toBeGreaterThan(3 * MB);
  expect(printed).toBeLessThan(30 * MB);
  expect(notices.join('\n')).toMatch(/lines \(\d+ bytes\) of build left out here/);

  const files = readdirSync(dir).filter((name) => name.includes('build'));
  const sizes = files.map((name) => statSync(join(dir, name)).size);
  const onDisk = sizes.reduce((sum, size) => sum + size, 0);
  expect(onDisk).toBeGreaterThan(12 * MB);
  expect(onDisk).toBeLessThanOrEqual(16 * MB);
  const newest = files.sort((one, other) => numberOf(one) - numberOf(other)).at(-1) ?? '';
  let end = '';
  for await (const line of createInterface({ input: createReadStream(join(dir, newest)) })) end = line;
  expect(end).toMatch(/build the end$/);
}, 120_000);

function numberOf(file: string): number {
  return Number(/\.(\d+)\.log$/.exec(file)?.[1]);
}
