#!/usr/bin/env node
/** Entry of the `mayfly` command. */
import { readFileSync } from 'node:fs';
import { systemClock } from '../runtime/clock.ts';
import { runCli } from './program.ts';

// Whoever reads the output may have read enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

// The clock's timers do not keep the process alive, and while AWS's rates are waited for there is nothing else that does.
const alive = setInterval(() => undefined, 60_000);
process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  clock: systemClock,
});
clearInterval(alive);
