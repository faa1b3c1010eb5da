/** Run by `strays.test.ts` in a process namespace of its own: tells what is alive after which runs have ended. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { spawnGroup } from '../../../container/src/processes/process-group.ts';
import { CLEARED, daemon, isAlive, pidIn, shell } from './daemons.ts';

const place = process.argv[2] ?? '';
const runAs = { uid: 65_534, gid: 65_534 };
const options = { cwd: '/', env: { PATH: process.env['PATH'] ?? '' }, onLine: () => undefined, runAs };
const file = (name: string): string => join(place, name);
const lives = (name: string): boolean => isAlive(pidIn(file(name)));
const told: Record<string, boolean> = {};

async function started(name: string): Promise<void> {
  while (!existsSync(file(name))) await delay(10);
}

await spawnGroup(shell(daemon(file('alone'), CLEARED)), options).exited;
told['a daemon of the only run'] = lives('alone');

const app = spawnGroup(shell(`${daemon(file('app'), CLEARED)} sleep 300`), options);
await started('app');
const asNobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'].join(' ');
const visit = `setpriv ${asNobody} sh -c 'echo $$ > ${file('person')}; exec sleep 300'; true`;
const person = spawn('sh', ['-c', visit], { stdio: 'ignore' });
await started('person');
const unmarked = daemon(file('unmarked'), CLEARED);
await spawnGroup(shell(`${daemon(file('marked'))} ${unmarked}`), options).exited;
told['a daemon of the app after a command has ended'] = lives('app');
told['a marked daemon of the command'] = lives('marked');
told['an unmarked daemon of the command, while the app could have started it'] = lives('unmarked');

await app.stop(500);
told["a person's session"] = lives('person');
told['a daemon of the app after its end'] = lives('app');
told['an unmarked daemon of the command after the app has ended'] = lives('unmarked');
process.stdout.write(JSON.stringify(told));
person.unref();
