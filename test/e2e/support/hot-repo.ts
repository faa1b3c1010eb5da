/** A page by Vite's development server, whose text is a module that accepts its own replacement. */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { commitChange, makeRepo } from '../../../src/local/demo/sample-repo.ts';

const PACKAGE = {
  name: 'hot',
  version: '1.0.0',
  private: true,
  type: 'module',
  scripts: { dev: 'vite', build: 'vite build' },
  devDependencies: { vite: '8.3.8' },
};

const text = (words: string): string => `export const words = '${words}';\n`;

const FILES: Readonly<Record<string, string>> = {
  '.gitignore': 'node_modules/\ndist/\n',
  '.mayfly.yml': 'hot: true\n',
  'package.json': `${JSON.stringify(PACKAGE, null, 2)}\n`,
  'index.html': `<!doctype html>
<title>hot</title>
<link rel="icon" href="data:,">
<p id="words"></p>
<script type="module" src="/src/main.js"></script>
`,
  'src/main.js': `import { words } from './words.js';
const show = (words) => { document.querySelector('#words').textContent = words; };
show(words);
import.meta.hot?.accept('./words.js', (module) => show(module.words));
`,
  'src/words.js': text('as it began'),
};

/** `main` and `hot`. Asks the registry for the lock file. */
export async function makeHotRepo(dir: string): Promise<void> {
  await makeRepo(dir, {
    message: 'A page that reloads by itself',
    branches: [{ name: 'hot', change: { file: 'src/words.js', content: text('one') }, message: 'Say one' }],
    async fill(target) {
      for (const [name, content] of Object.entries(FILES)) {
        await mkdir(dirname(join(target, name)), { recursive: true });
        await writeFile(join(target, name), content);
      }
      const args = ['install', '--package-lock-only', '--no-audit', '--no-fund'];
      execFileSync('npm', args, { cwd: target, stdio: ['ignore', 'ignore', 'pipe'] });
    },
  });
}

/** Resolves to the commit. */
export function commitWords(dir: string, words: string): Promise<string> {
  return commitChange(dir, 'hot', { file: 'src/words.js', content: text(words) }, `Say ${words}`);
}
