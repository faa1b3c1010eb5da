/** The smallest application that can be built and served: no dependencies, so that end-to-end tests are fast. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commitChange, makeRepo } from '../../../src/local/demo/sample-repo.ts';

const PACKAGE = {
  name: 'tiny',
  version: '1.0.0',
  private: true,
  type: 'module',
  scripts: { build: 'node build.js', start: 'node server.js' },
};

const LOCK = {
  name: 'tiny',
  version: '1.0.0',
  lockfileVersion: 3,
  requires: true,
  packages: { '': { name: 'tiny', version: '1.0.0' } },
};

/** An open bracket is this compiler's only error. */
const BUILD = `import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const text = readFileSync('message.txt', 'utf8').trim();
const open = text.lastIndexOf('(');
if (open > text.lastIndexOf(')')) {
  console.error(\`message.txt(1,\${open + 1}): error TINY1005: ')' expected.\`);
  process.exit(2);
}
mkdirSync('dist', { recursive: true });
writeFileSync('dist/message.txt', text);
console.log('built dist/message.txt');
`;

const SERVER = `import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const text = readFileSync('dist/message.txt', 'utf8');
const branch = process.env.BRANCH ?? 'unknown';
const commit = process.env.COMMIT ?? 'unknown';
const escape = (value) => value.replace(/[&<>]/g, (sign) => \`&#\${sign.charCodeAt(0)};\`);

const server = createServer((request, response) => {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(\`<!doctype html><title>tiny</title><p>branch=\${escape(branch)} text=\${escape(text)}</p><p>commit=\${escape(commit)} path=\${escape(request.url)}</p>\\n\`);
});
server.keepAliveTimeout = 75_000;
server.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? '127.0.0.1');
process.once('SIGTERM', () => {
  server.close();
  server.closeIdleConnections();
});
`;

const FILES: Readonly<Record<string, string>> = {
  '.gitignore': 'node_modules/\ndist/\n',
  'package.json': `${JSON.stringify(PACKAGE, null, 2)}\n`,
  'package-lock.json': `${JSON.stringify(LOCK, null, 2)}\n`,
  'build.js': BUILD,
  'server.js': SERVER,
  'message.txt': 'main\n',
};

/** What the page says of a branch with this text in its `message.txt`. */
export function tinyPageText(branch: string, text: string): string {
  return `branch=${branch} text=${text}`;
}

/**
 * Makes a repository with `main`, branches whose texts are their names (`one` and `two` unless given) and
 * `broken-build`, which does not build. Change `message.txt` with `commitText` to see another text; an open bracket
 * without its partner breaks a build.
 */
export async function makeTinyRepo(dir: string, names: readonly string[] = ['one', 'two']): Promise<void> {
  const branch = (name: string, text: string) => ({
    name,
    change: { file: 'message.txt', content: `${text}\n` },
    message: `Say ${text}`,
  });
  await makeRepo(dir, {
    message: 'A tiny application',
    branches: [...names.map((name) => branch(name, name)), branch('broken-build', 'broken (build')],
    fill: (target) => writeAll(target, FILES),
  });
}

/** Commits another text; resolves to the commit. */
export function commitText(dir: string, branch: string, text: string): Promise<string> {
  return commitChange(dir, branch, { file: 'message.txt', content: `${text}\n` }, `Say ${text}`);
}

async function writeAll(dir: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
}
