/** The image without Docker: what its Dockerfile says is held against the tree, and what it builds is built and run. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../container/src/app/ports.ts';
import { app, ask, makeRepository, SESSION, taskEnv, temporary, until } from './stage.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HOME_IN_IMAGE = '/opt/mayfly/';

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** Instructions of the Dockerfile, each on one line, without comments. */
const instructions: readonly Instruction[] = readFileSync(join(ROOT, 'container/Dockerfile'), 'utf8')
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .join('\n')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => ({ name: line.split(' ', 1)[0] ?? '', rest: line.slice(line.indexOf(' ') + 1).trim() }));

function all(name: string): string[] {
  return instructions.filter((each) => each.name === name).map(({ rest }) => rest);
}

function only(name: string): string {
  const [found = '', ...more] = all(name);
  expect(more, `${name} is there once`).toEqual([]);
  return found;
}

/** `NAME=value` pairs of one instruction; a value may stand in double quotes. */
function pairs(rest: string): Readonly<Record<string, string>> {
  const found = rest.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S*))/g);
  return Object.fromEntries([...found].map(([, name = '', quoted, plain]) => [name, quoted ?? plain ?? '']));
}

function command(rest: string): string[] {
  return JSON.parse(rest.slice(rest.indexOf('['))) as string[];
}

describe('the Dockerfile', () => {
  const copies = all('COPY').map((rest) => rest.split(' '));

  test('copies what is in the tree, and what its ignore file lets in', () => {
    const allowed = readFileSync(join(ROOT, 'container/Dockerfile.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const sources = copies.filter(([first]) => !first?.startsWith('--')).flatMap((words) => words.slice(0, -1));
    expect(sources).toContain('container/src');
    for (const source of sources) {
      expect(existsSync(join(ROOT, source)), source).toBe(true);
      expect(allowed, `${source} is let into the context`).toContain(source);
    }
    for (const path of allowed) expect(existsSync(join(ROOT, path)), path).toBe(true);
  });

  test('copies from stages that it has', () => {
    const stages = all('FROM').map((rest) => / AS (\w+)$/.exec(rest)?.[1]);
    const used = copies.flatMap(([first = '']) => /^--from=(.*)/.exec(first)?.[1] ?? []);
    expect(used.length).toBeGreaterThan(0);
    for (const stage of used) expect(stages).toContain(stage);
    expect(new Set(all('FROM').map((rest) => rest.split(' ')[0])).size).toBe(1);
  });

  test('sets settings of the supervisor, and nothing else that its children would inherit but two', () => {
    const table = readFileSync(join(ROOT, 'container/README.md'), 'utf8');
    const names = Object.keys(pairs(only('ENV'))).filter((name) => !table.includes(`\`${name}\``));
    expect(names).toEqual(['HOME', 'COREPACK_ENABLE_DOWNLOAD_PROMPT']);
  });

  test('labels the image with the commit and where it comes from', () => {
    const labels = pairs(only('LABEL'));
    expect(labels['org.opencontainers.image.revision']).toBe('$REVISION');
    expect(labels['org.opencontainers.image.source']).toBe('$SOURCE');
    const given = all('ARG').map((rest) => rest.split('=', 1)[0]);
    expect(given).toEqual(['REVISION', 'SOURCE']);
  });

  test("is built as the README says: from the root, with the commit's id", () => {
    const line =
      'docker build -f container/Dockerfile -t mayfly-container --build-arg REVISION=$(git rev-parse HEAD) .';
    for (const file of ['container/README.md', 'container/Dockerfile']) {
      expect(readFileSync(join(ROOT, file), 'utf8')).toContain(line);
    }
  });

  test('keeps the supervisor root, with tini above it, and stops it as it wants to be stopped', () => {
    expect(all('USER')).toEqual([]);
    expect(only('STOPSIGNAL')).toBe('SIGTERM');
    expect(command(only('ENTRYPOINT')).slice(0, 3)).toEqual(['tini', '--', 'node']);
    expect(all('RUN').join('\n')).toMatch(/apt-get install [^&]*\bgit\b[^&]*\btini\b/);
  });
});

describe('what the image runs', () => {
  let built = '';

  beforeAll(() => {
    built = mkdtempSync(join(tmpdir(), 'mayfly-image-'));
    const out = join(built, 'dist');
    execFileSync('npm', ['run', '--silent', 'build', '--workspace=container', '--', '--outDir', out], { cwd: ROOT });
    cpSync(join(ROOT, 'container/package.json'), join(built, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(built, 'node_modules'));
  });

  afterAll(() => rmSync(built, { recursive: true, force: true }));

  /** The entry point's command as it is here. */
  function entry(): string[] {
    const [, , , ...args] = command(only('ENTRYPOINT'));
    return args.map((arg) => (arg.startsWith(HOME_IN_IMAGE) ? join(built, arg.slice(HOME_IN_IMAGE.length)) : arg));
  }

  test('is what the build makes', () => {
    expect(existsSync(entry().at(-1) ?? '')).toBe(true);
  });

  test('names no file that only the sources have', () => {
    const files = globSync('dist/**/*.js', { cwd: built });
    const sources = new Set(globSync('**/*.ts', { cwd: join(ROOT, 'container/src') }).map((path) => basename(path)));
    expect(files.map((path) => basename(path, '.js')).sort()).toContain('main');
    for (const file of files) {
      const text = readFileSync(join(built, file), 'utf8').replaceAll(/^\s*(?:\/\*\*|\*|\/\/).*$/gm, '');
      const named = [...text.matchAll(/['"`]([^'"`\n]*\.ts)['"`]/g)].map(([, path = '']) => path);
      expect(
        named.filter((path) => sources.has(basename(path))),
        file,
      ).toEqual([]);
    }
  });

  test('serves a repository, is found healthy by the image itself, and ends with 0', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1'));
    const [port = 0, control = 0, closed = 0] = await freePorts(3);
    const ports = { PORT: String(port), CONTROL_PORT: String(control), WORK_DIR: temporary() };
    const child = spawn(process.execPath, entry(), { env: taskEnv(repository, '127.0.0.1', ports), stdio: 'pipe' });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (t: string) => lines.push(t));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    onTestFinished(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    const reply = await until(
      async () => {
        if (child.exitCode !== null) throw new Error(lines.join(''));
        return await ask({ ip: '127.0.0.1', port }).catch(() => undefined);
      },
      (seen) => seen?.status === 200,
    );
    expect(reply?.body).toBe('v1');
    const version = await ask({ ip: '127.0.0.1', port, path: '/.mayfly/version' });
    expect(JSON.parse(version.body)).toMatchObject({ commit });

    expect(await healthCheck({ PORT: String(port), SESSION_ID: SESSION })).toBe(0);
    expect(await healthCheck({ PORT: String(port), SESSION_ID: 'another' })).not.toBe(0);
    expect(await healthCheck({ PORT: String(closed), SESSION_ID: SESSION })).not.toBe(0);

    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

/** The exit code of the image's own check. */
function healthCheck(env: Readonly<Record<string, string>>): Promise<number> {
  const [file = '', ...args] = command(only('HEALTHCHECK'));
  return new Promise((resolve) => {
    execFile(file, args, { env: { PATH: process.env['PATH'] ?? '', ...env } }, (error) => {
      resolve(error === null ? 0 : Number(error.code ?? -1));
    });
  });
}
