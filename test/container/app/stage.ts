/** Apps of several processes, from scripts that a test writes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { launch, type Launch, type LaunchOptions } from '../../../container/src/app/launch.ts';
import type { RunningApp } from '../../../container/src/app/running-app.ts';
import type { ProcessRecipe } from '../../../container/src/recipe/recipe.ts';
import { HOST, QUICK, temporary } from '../stage.ts';

/** Answers its name and what it was asked, `/env` with its environment, `/die` by ending; says goodbye on SIGTERM. */
const SERVER = `
const name = process.argv[2];
const { createServer } = require('node:http');
const { WebSocketServer } = require('${join(import.meta.dirname, '../../../node_modules/ws')}');
const server = createServer((request, response) => {
  if (request.url === '/die') process.exit(7);
  if (request.url === '/env') return response.end(JSON.stringify(process.env));
  if (request.url === '/slow') return setTimeout(() => response.end('slow ' + name), 500);
  if (request.url === '/never') return;
  response.end(name + ' ' + request.url);
});
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(name + ' heard ' + data)));
server.listen(process.env.PORT, process.env.HOST, () => console.log(name + ' listens'));
process.on('SIGTERM', () => {
  console.log(name + ' leaves');
  server.close();
  server.closeAllConnections();
  for (const socket of sockets.clients) socket.close(1001, name + ' leaves');
  setTimeout(process.exit, 50);
});
`;

export interface Place {
  readonly dir: string;
  readonly lines: string[];
  /** Everything of it is stopped when the test ends. */
  start(processes: readonly ProcessRecipe[], more?: Partial<LaunchOptions>, signal?: AbortSignal): Promise<Launch>;
  run(processes: readonly ProcessRecipe[], more?: Partial<LaunchOptions>): Promise<RunningApp>;
}

export function makePlace(): Place {
  const dir = temporary();
  const lines: string[] = [];
  writeFileSync(join(dir, 'server.cjs'), SERVER);
  async function start(
    processes: readonly ProcessRecipe[],
    more: Partial<LaunchOptions> = {},
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Launch> {
    const started = await launch(
      {
        processes,
        dir,
        env: () => ({ PATH: process.env['PATH'] ?? '' }),
        hostHeader: HOST,
        deadlineMs: 10_000,
        timings: QUICK,
        onLine: (name, line) => lines.push(`${name}: ${line}`),
        ...more,
      },
      signal,
    );
    onTestFinished(() => started.stop());
    return started;
  }
  return { dir, lines, start, run: async (processes, more) => await (await start(processes, more)).healthy() };
}

export function script(name: string, text: string, more: Partial<ProcessRecipe> = {}): ProcessRecipe {
  return {
    name,
    directory: '',
    command: { file: '/bin/sh', args: ['-c', text], title: `npm run ${name}` },
    env: {},
    ...more,
  };
}

/** A server called `name`, at the root unless `more` says otherwise. */
export function server(name: string, more: Partial<ProcessRecipe> = {}): ProcessRecipe {
  return script(name, `exec '${process.execPath}' server.cjs ${name}`, { route: '/', health: '/', ...more });
}

/** What the process behind a path answers. */
export async function answer(app: RunningApp, path: string): Promise<string> {
  const upstream = app.upstream(path);
  if (!upstream) throw new Error(`nothing answers ${path}`);
  return await (await fetch(`http://${upstream.host}:${upstream.port}${path}`)).text();
}
