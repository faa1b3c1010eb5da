/**
 * A supervisor's log as it is wired, and a child that prints 100 MB of lines. Run in a process of its own, whose memory
 * is then nothing else's. Prints the child's lines as far as they pass, and last of all a report in JSON.
 */
import { makeLog } from '../../../container/src/log/log.ts';
import { makeOutput } from '../../../container/src/log/output.ts';
import { makeLogStore } from '../../../container/src/log/store.ts';
import { spawnGroup } from '../../../container/src/processes/process-group.ts';

/** So many lines, of 100 bytes. */
const LINES = 1_000_000;
const CHILD = `
  const block = Buffer.from(('x'.repeat(99) + '\\n').repeat(1000));
  const fs = require('node:fs');
  for (let i = 0; i < ${LINES / 1_000}; i += 1) for (let at = 0; at < block.length; ) at += fs.writeSync(1, block, at);
`;

const [dir = ''] = process.argv.slice(2);
const output = makeOutput(process.stdout);
const log = makeLog((text) => output.write(text), ['a secret', 'another secret']);
const store = makeLogStore({ dir, onError: (message) => log.say(message) });
log.keep(store);

const maxMegabytes = (): number => process.resourceUsage().maxRSS / 1_024;
const before = maxMegabytes();
const command = { file: process.execPath, args: ['-e', CHILD], title: 'node' };
const group = spawnGroup(command, { cwd: '/', env: {}, onLine: (line) => log.line('build', line) });
await group.exited;
const grown = maxMegabytes() - before;
// The disk may be behind by then, and takes what comes later when it has caught up.
for (let newest = ''; !newest.endsWith('the end\n'); ) {
  log.line('build', 'the end');
  for await (const block of store.read({ source: 'build', tail: 1 })) newest = block;
}
log.end();
await store.close();
await output.drained(10_000);
process.stdout.write(`${JSON.stringify({ grown })}\n`);
