/** `npm run docs`: writes the README's tables. */
import { readFile, writeFile } from 'node:fs/promises';
import { withTables } from './tables.ts';

const README = new URL('../../README.md', import.meta.url);
await writeFile(README, await withTables(await readFile(README, 'utf8')));
