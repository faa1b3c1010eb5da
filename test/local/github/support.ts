/** A repository, a receiver of webhooks and a local GitHub for one test; all are gone when it ends. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Octokit } from '@octokit/rest';
import { onTestFinished } from 'vitest';
import { commitChange, makeRepo } from '../../../src/local/demo/sample-repo.ts';
import { git } from '../../../src/local/github/git.ts';
import type { LocalGitHubOptions } from '../../../src/local/github/options.ts';
import { type LocalGitHub, startLocalGitHub } from '../../../src/local/github/server.ts';

export const SECRET = 'a secret of the tests';
const OWNER = 'demo';
const REPO = 'web';
export const base = { owner: OWNER, repo: REPO };

export async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'mayfly-github-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** `main`, and each branch one commit ahead, with a file of its own. */
export async function testRepo(branches: readonly string[] = ['one', 'two']): Promise<string> {
  const dir = join(await tempDir(), 'repo');
  await makeRepo(dir, {
    message: 'First',
    branches: branches.map((name) => ({
      name,
      change: { file: `${name}.txt`, content: `${name}\n` },
      message: `Add ${name}`,
    })),
    fill: (target) => writeFile(join(target, 'README'), 'A repository\n'),
  });
  return dir;
}

export function push(repo: string, branch: string, text: string): Promise<string> {
  return commitChange(repo, branch, { file: 'pushed.txt', content: `${text}\n` }, `Say ${text}`);
}

export async function makeBranch(repo: string, name: string, from = 'main'): Promise<void> {
  await git(repo, ['branch', '--no-track', name, from]);
}

export async function deleteBranch(repo: string, name: string): Promise<void> {
  await git(repo, ['branch', '-D', name]);
}

export async function headOf(repo: string, branch: string): Promise<string> {
  return (await git(repo, ['rev-parse', branch])).trim();
}

/** Polls nothing by itself: tests say `refresh`. */
export async function start(options: Partial<LocalGitHubOptions> & { repoPath: string }): Promise<LocalGitHub> {
  const github = await startLocalGitHub({
    fullName: `${OWNER}/${REPO}`,
    webhookSecret: SECRET,
    port: 0,
    pollMs: 0,
    ...options,
  });
  onTestFinished(() => github.close());
  return github;
}

export function octokit(github: LocalGitHub, auth?: string): Octokit {
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  return new Octokit({ baseUrl: github.url, log: quiet, ...(auth === undefined ? {} : { auth }) });
}

type Json = Record<string, unknown>;

export interface Received {
  readonly event: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly payload: Json & { readonly action?: string };
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** `event` or `event.action` of each, without pings. */
  names(): string[];
  /** What the next requests are answered with; a promise holds them. */
  answer: () => number | Promise<number>;
}

export async function receiver(): Promise<Receiver> {
  const received: Received[] = [];
  const self = { answer: (): number | Promise<number> => 202 };
  const server = createServer((request, response) => {
    text(request)
      .then((body) => {
        const event = String(request.headers['x-github-event']);
        received.push({ event, headers: request.headers, body, payload: JSON.parse(body) as Json });
        return self.answer();
      })
      .then((status) => response.writeHead(status).end())
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return Object.assign(self, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/github`,
    received,
    names: () =>
      received
        .filter(({ event }) => event !== 'ping')
        .map(({ event, payload }) => (payload.action === undefined ? event : `${event}.${payload.action}`)),
  });
}

/** A local GitHub with a receiver, from which the ping has been taken. */
export async function startWithHook(
  options: Partial<LocalGitHubOptions> & { repoPath: string },
): Promise<{ github: LocalGitHub; hook: Receiver }> {
  const hook = await receiver();
  const github = await start({ webhookUrl: hook.url, ...options });
  await github.idle();
  hook.received.length = 0;
  return { github, hook };
}
