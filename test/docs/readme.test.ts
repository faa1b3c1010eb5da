/** The documentation is held to the code: tables, commands, files and the sample configuration. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { withTables } from './tables.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'container/README.md'];
const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;

describe('README.md', () => {
  it('has the tables that the code makes (npm run docs writes them)', async () => {
    const text = read('README.md');
    expect(text).toBe(await withTables(text));
    expect(text.match(/<!-- table:/g)).toHaveLength(4);
    expect(text.match(/<!-- help:/g)).toHaveLength(1);
  });

  it('shows a configuration that is valid', () => {
    const yaml = /```yaml\n([\s\S]*?)```/.exec(read('README.md'))?.[1] ?? '';
    const { privateKey } = generateKeyPairSync('ed25519');
    const env = {
      MAYFLY_WEBHOOK_SECRET: 'a secret of some length',
      MAYFLY_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
    expect(loadConfig({ env, readFile: () => yaml })).toMatchObject({ ok: true });
  });

  it('names the variables that the configuration reads', () => {
    const variables = [
      'MAYFLY_CONFIG',
      'MAYFLY_WEBHOOK_SECRET',
      'MAYFLY_SIGNING_KEY',
      'GITHUB_TOKEN',
      'AWS_ENDPOINT_URL',
      'AWS_REGION',
      'GITHUB_API_URL',
    ];
    for (const name of variables) expect(read('README.md')).toContain(name);
  });
});

describe.each(DOCUMENTS)('%s', (path) => {
  it('names npm scripts that exist', () => {
    // Recipes in YAML speak of the scripts of other projects.
    const text = read(path).replaceAll(/```yaml\n[^]*?```/g, '');
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script);
    for (const script of named) expect(scripts).toHaveProperty([script]);
  });

  it('links to files that exist', () => {
    const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
    for (const link of links) expect(existsSync(new URL(link, new URL(path, root))), link).toBe(true);
  });

  it('names folders and files of the house that exist', () => {
    const named = [...read(path).matchAll(/`((?:src|test|container)\/[\w./-]+)`/g)].map(([, file = '']) => file);
    for (const file of named) expect(existsSync(new URL(file, root)), file).toBe(true);
  });
});
