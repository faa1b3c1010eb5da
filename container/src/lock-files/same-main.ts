/**
 * `node same-main.ts <one> <other>`: exit code 0 when two lock files of npm ask for the same modules. They may differ in
 * how they are written: npm drops or adds where packages come from, and sorts, as its settings say.
 */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

interface Package {
  readonly version?: string;
  readonly integrity?: string;
  /** Left over: nothing asks for it. */
  readonly extraneous?: boolean;
}

function modulesOf(file: string): ReadonlyMap<string, string> {
  const { packages = {} } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly packages?: Readonly<Record<string, Package>>;
  };
  const entries = Object.entries(packages).filter(
    ([place, { extraneous }]) => place.includes('node_modules/') && extraneous !== true,
  );
  return new Map(entries.map(([place, { version, integrity }]) => [place, `${version} ${integrity}`]));
}

const [one = '', other = ''] = process.argv.slice(2);
if (!isDeepStrictEqual(modulesOf(one), modulesOf(other))) {
  console.log(`${other} does not fit package.json`);
  process.exitCode = 1;
}
