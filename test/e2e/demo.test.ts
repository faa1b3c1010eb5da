/** `npm run demo` where nobody sits at a terminal: what it prints, and that Ctrl-C leaves nothing behind. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePorts, type Ports } from '../../src/local/demo/ports.ts';
import { until } from '../../src/local/demo/until.ts';
import { visit } from '../../src/local/demo/visit.ts';
import { LONG_MS } from './support/looks.ts';
import { processesOf } from './support/processes.ts';
import { type Program, startProgram } from './support/program.ts';
import { makeTinyRepo, tinyPageText } from './support/tiny-repo.ts';

/** A directory of its own with a repository in it; whatever a test starts is gone after it. */
interface Place {
  readonly dir: string;
  readonly repo: string;
  readonly ports: Ports;
  start(...flags: string[]): Program;
}

const demoIt = it.extend<{ place: Place }>({
  // oxlint-disable-next-line no-empty-pattern -- how a fixture says that it needs no other
  place: async ({}, use) => {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'mayfly-e2e-demo-')));
    const programs: Program[] = [];
    const start = (...flags: string[]): Program => {
      const program = startProgram('local/main.ts', ['demo', ...flags]);
      programs.push(program);
      return program;
    };
    const repo = join(dir, 'tiny');
    // The demo labels the first by name.
    await makeTinyRepo(repo, ['at-first']);
    await use({ dir, repo, ports: await freePorts(), start });
    for (const program of programs) {
      program.signal('SIGKILL');
      await program.exited;
    }
    await untilNothingIsLeft(dir);
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  },
});

function flagsFor({ dir, repo, ports }: Place, addresses: string): string[] {
  const options = {
    'aws-port': ports.aws,
    'github-port': ports.github,
    'balancer-port': ports.balancer,
    'webhooks-port': ports.webhooks,
    'front-door-port': ports.frontDoor,
    'admin-port': ports.admin,
    addresses,
    repo,
    state: join(dir, 'state'),
  };
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}

async function prints(demo: Program, words: string | RegExp): Promise<void> {
  const look = async (): Promise<boolean> => {
    const output = demo.output();
    if (typeof words === 'string' ? output.includes(words) : words.test(output)) return true;
    throw new Error(output);
  };
  await until(`the demo prints ${words}`, look, LONG_MS);
}

/** Resolves to the exit code; rejects when it does not end. */
async function endsAfter(demo: Program, signal: NodeJS.Signals): Promise<number | null> {
  demo.signal(signal);
  let code: number | null | undefined;
  void demo.exited.then((ended) => (code = ended));
  await until('the demo ends', async () => code !== undefined, LONG_MS);
  return code ?? null;
}

async function untilNothingIsLeft(dir: string): Promise<void> {
  const look = async (): Promise<true> => {
    const left = processesOf(dir);
    if (left.length === 0) return true;
    throw new Error(left.map(({ pid, command }) => `${pid} ${command}`).join('; '));
  };
  await until('no process of the demo is left', look, 20_000);
}

describe('the demo', () => {
  demoIt(
    'prints where it runs and what to try, in clean lines; Ctrl-C ends all of it with code 0',
    async ({ place }) => {
      const { dir, repo, ports } = place;
      const demo = place.start(...flagsFor(place, '127.40.4.0/24'));
      await prints(demo, 'Ctrl-C ends everything');
      await prints(demo, `open http://tiny-at-first.localhost:${ports.balancer}`);
      await prints(demo, 'RUNNING');
      const page = await visit({ port: ports.balancer, host: 'tiny-at-first.localhost' });
      expect(page.body).toContain(tinyPageText('at-first', 'at-first'));
      for (const part of [repo, `http://127.0.0.1:${ports.github}`, 'Things to try', 'kill -9', 'RUNNING'])
        expect(demo.output()).toContain(part);
      // oxlint-disable-next-line no-control-regex -- escape codes and carriage returns are what must not be there
      expect(demo.output()).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);

      const second = place.start(...flagsFor({ ...place, dir: join(dir, 'second') }, '127.40.5.0/24'));
      expect(await second.exited).toBe(1);
      expect(second.output()).toContain(`${ports.aws} (--aws-port chooses another)`);
      expect(second.output()).toContain(`${ports.admin} (--admin-port chooses another)`);

      expect(processesOf(dir).length).toBeGreaterThanOrEqual(5);
      expect(await endsAfter(demo, 'SIGINT')).toBe(0);
      expect(processesOf(dir)).toEqual([]);
    },
  );
});

describe.concurrent('the demo that is cut off', () => {
  demoIt('by Ctrl-C before anything serves: code 0, nothing is left', async ({ place }) => {
    const demo = place.start(...flagsFor(place, '127.40.4.0/24'));
    await prints(demo, 'labelling the pull request');
    expect(await endsAfter(demo, 'SIGINT')).toBe(0);
    expect(processesOf(place.dir)).toEqual([]);
  });

  demoIt('by SIGKILL: takes everything along', async ({ place }) => {
    const demo = place.start(...flagsFor(place, '127.40.5.0/24'));
    await prints(demo, 'RUNNING');
    expect(await endsAfter(demo, 'SIGKILL')).toBe(null);
    await untilNothingIsLeft(place.dir);
  });

  demoIt('in its check by Ctrl-C: code 1, since it did not hold', async ({ place }) => {
    const demo = place.start('--check', '--state', join(place.dir, 'state'));
    await prints(demo, /1\/\d+ {2}ok/);
    expect(await endsAfter(demo, 'SIGINT')).toBe(1);
    expect(processesOf(place.dir)).toEqual([]);
  });
});
