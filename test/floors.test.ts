/** A check that cannot fail is no check: every rule of the house is broken on purpose here, and the linter must say so. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** From the ground up. A room may import from the rooms below it, never from its own floor or above. */
const HOUSE: readonly (readonly string[])[] = [
  ['model'],
  ['telemetry'],
  ['runtime', 'plan'],
  ['aws', 'github', 'store', 'control'],
  ['observe', 'intake', 'apply', 'status'],
  ['controllers', 'front-door'],
];
const ROOMS = HOUSE.flat();

/** Narrower than their floor: pure, or meant for the top only. */
const ONLY_MODEL = ['model', 'plan', 'telemetry', 'config'];

function mayImport(from: string, to: string): boolean {
  const level = (room: string): number => HOUSE.findIndex((floor) => floor.includes(room));
  return ONLY_MODEL.includes(from) ? to === 'model' : level(to) >= 0 && level(to) < level(from);
}

interface Seed {
  readonly file: string;
  readonly code: string;
  /** The rule that must fire; undefined when none may. */
  readonly rule: string | undefined;
}

const IMPORTS = 'eslint(no-restricted-imports)';

const seeds: Seed[] = [];

/** Registers one file of the seeded house and returns its path in it. */
function seed(path: string, code: string, rule: string | undefined): Seed {
  const file = path.replace('#', `seed${seeds.length}`);
  const made = { file, code: `${code}\n`, rule };
  seeds.push(made);
  return made;
}

function importSeeds(from: string, to: string): Seed[] {
  const rule = mayImport(from, to) ? undefined : IMPORTS;
  const target = `../${to}/thing.ts`;
  return [
    seed(`src/${from}/#.ts`, `import { thing } from '${target}';\nexport const used = thing;`, rule),
    seed(`src/${from}/#.ts`, `import type { Thing } from '${target}';\nexport type Used = Thing;`, rule),
    seed(`src/${from}/#.ts`, `export { thing } from '${target}';`, rule),
    seed(`src/${from}/nested/#.ts`, `import type { Thing } from '../${target}';\nexport type Used = Thing;`, rule),
  ];
}

const pairs = [...ROOMS, 'config'].flatMap((from) =>
  [...ROOMS, 'config', 'cli', 'local']
    .filter((to) => to !== from)
    .map((to) => ({ from, to, seeds: importSeeds(from, to) })),
);

const use = (target: string): string => `import { thing } from '${target}';\nexport const used = thing;`;

const AWS = "import { ECSClient } from '@aws-sdk/client-ecs';\nexport const client = ECSClient;";
const REST = "import { Octokit } from '@octokit/rest';\nexport const client = Octokit;";
const FS = "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;";
const ENV = 'export const home = process.env.HOME;';
const LOG = "export function say(): void {\n  console.log('x');\n}";

const SINGLE: readonly [string, string, string | undefined][] = [
  // The top of the house
  ['src/operator.ts', use('./front-door/thing.ts'), undefined],
  ['src/cli/#.ts', use('../operator.ts'), undefined],
  ['src/cli/#.ts', use('../config/thing.ts'), undefined],
  ['src/cli/#.ts', use('../store/thing.ts'), undefined],
  ['src/cli/#.ts', use('../main.ts'), IMPORTS],
  ['src/cli/#.ts', use('../local/thing.ts'), IMPORTS],
  ['src/controllers/#.ts', use('../operator.ts'), IMPORTS],
  ['src/main.ts', use('./cli/thing.ts'), undefined],
  // The local cloud and the container stand alone
  ['src/local/#.ts', use('../model/thing.ts'), IMPORTS],
  ['src/local/aws/#.ts', use('../../model/thing.ts'), IMPORTS],
  ['src/local/aws/#.ts', use('../thing.ts'), undefined],
  ['src/local/aws/ecs/#.ts', use('../../../plan/thing.ts'), IMPORTS],
  ['src/local/aws/ecs/#.ts', use('../../thing.ts'), undefined],
  ['container/src/#.ts', use('../../src/model/thing.ts'), IMPORTS],
  ['container/src/sub/#.ts', use('../../../src/model/thing.ts'), IMPORTS],
  ['container/src/sub/#.ts', use('../thing.ts'), undefined],
  // Packages in their rooms
  ...ROOMS.map((room): [string, string, string | undefined] => [
    `src/${room}/#.ts`,
    AWS,
    ['aws', 'store'].includes(room) ? undefined : IMPORTS,
  ]),
  ...ROOMS.map((room): [string, string, string | undefined] => [
    `src/${room}/#.ts`,
    REST,
    room === 'github' ? undefined : IMPORTS,
  ]),
  ['src/local/aws/#.ts', AWS, undefined],
  ['test/#.ts', AWS, undefined],
  ['src/cli/#.ts', AWS, IMPORTS],
  ['src/cli/#.ts', FS, undefined],
  ['container/src/#.ts', AWS, IMPORTS],
  ['src/intake/#.ts', "import { verify } from '@octokit/webhooks';\nexport const check = verify;", undefined],
  // The process environment
  ...['telemetry', 'runtime', 'aws', 'controllers', 'cli'].map((room): [string, string, string] => [
    `src/${room}/#.ts`,
    ENV,
    'node(no-process-env)',
  ]),
  ...['src/config', 'src/local', 'container/src'].map((room): [string, string, undefined] => [
    `${room}/#.ts`,
    ENV,
    undefined,
  ]),
  ['src/aws/#.ts', "import { env } from 'node:process';\nexport const home = env;", IMPORTS],
  // Purity
  ...['model', 'plan'].flatMap((room): [string, string, string][] => [
    [`src/${room}/#.ts`, FS, 'import(no-nodejs-modules)'],
    [`src/${room}/#.ts`, "import { join } from 'path';\nexport const use = join;", 'import(no-nodejs-modules)'],
    [`src/${room}/#.ts`, 'export async function later(): Promise<void> {}', 'oxc(no-async-await)'],
    [`src/${room}/#.ts`, 'export const later = Promise.resolve(1);', 'eslint(no-restricted-globals)'],
    [`src/${room}/#.ts`, "export const page = fetch('x');", 'eslint(no-restricted-globals)'],
    [`src/${room}/#.ts`, 'export const id = globalThis.crypto.randomUUID();', 'eslint(no-restricted-globals)'],
    [`src/${room}/#.ts`, 'export const now = Date.now();', 'eslint(no-restricted-properties)'],
    [`src/${room}/#.ts`, 'export const dice = Math.random();', 'eslint(no-restricted-properties)'],
    [
      `src/${room}/#.ts`,
      "export type Hidden = import('../aws/thing.ts').Thing;",
      'typescript(consistent-type-imports)',
    ],
  ]),
  // Time is injected everywhere but in the clock
  ['src/runtime/#.ts', 'setTimeout(() => undefined, 1);', 'eslint(no-restricted-globals)'],
  ['src/aws/#.ts', 'export const now = Date.now();', 'eslint(no-restricted-properties)'],
  ['src/runtime/clock.ts', 'setTimeout(() => undefined, Date.now());', undefined],
  // The console is for people
  ['src/aws/#.ts', LOG, 'eslint(no-console)'],
  ['src/cli/#.ts', LOG, undefined],
  // Types
  ['src/aws/#.ts', 'export const any: any = 1;', 'typescript(no-explicit-any)'],
  ['src/aws/#.ts', '// @ts-ignore\nexport const ignored = 1;', 'typescript(ban-ts-comment)'],
  ['src/aws/#.ts', 'export async function a(): Promise<void> {}\na();', 'typescript(no-floating-promises)'],
  [
    'src/aws/#.ts',
    'export async function a(): Promise<void> {}\nexport const b = [1].forEach(a);',
    'typescript(no-misused-promises)',
  ],
  ['src/aws/#.ts', 'export async function a(): Promise<void> {\n  await 1;\n}', 'typescript(await-thenable)'],
  [
    'src/aws/#.ts',
    "export function a(kind: 'x' | 'y'): void {\n  switch (kind) {\n    case 'x':\n  }\n}",
    'typescript(switch-exhaustiveness-check)',
  ],
  // Size
  ['src/aws/#.ts', 'export const same = (a: unknown): boolean => a == 1;', 'eslint(eqeqeq)'],
  [
    'src/aws/#.ts',
    `export const f = (n: number): number => ${Array.from({ length: 11 }, (_, i) => `n > ${i} ? ${i} : `).join('')}0;`,
    'eslint(complexity)',
  ],
  ['src/aws/#.ts', 'export {};\n'.repeat(401), 'eslint(max-lines)'],
  ['test/#.ts', 'export {};\n'.repeat(401), 'eslint(max-lines)'],
  [
    'src/aws/#.ts',
    'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1, g: 1): unknown => [a, b, c, d, e, g];',
    'eslint(max-params)',
  ],
  [
    'src/aws/#.ts',
    `export function long(a: number[]): void {\n${'  a.push(1);\n'.repeat(90)}}`,
    'eslint(max-lines-per-function)',
  ],
  ['src/aws/cycle-a.ts', "import { b } from './cycle-b.ts';\nexport const a = (): unknown => b;", 'import(no-cycle)'],
  ['src/aws/cycle-b.ts', "import { a } from './cycle-a.ts';\nexport const b = (): unknown => a;", 'import(no-cycle)'],
];
const singles = SINGLE.map(([file, code, rule]) => seed(file, code, rule));

let house: string;
let reported: Map<string, string[]>;

beforeAll(async () => {
  house = mkdtempSync(join(tmpdir(), 'mayfly-floors-'));
  for (const name of ['oxlint.config.ts', 'tsconfig.json']) copyFileSync(join(ROOT, name), join(house, name));
  symlinkSync(join(ROOT, 'node_modules'), join(house, 'node_modules'));
  for (const room of [...ROOMS, 'config', 'cli', 'local']) write(`src/${room}/thing.ts`, THING);
  for (const file of ['src/operator.ts', 'src/main.ts', 'container/src/thing.ts']) write(file, THING);
  for (const { file, code } of seeds) write(file, code);
  reported = await lint();
});

afterAll(() => rmSync(house, { recursive: true, force: true }));

const THING = 'export const thing = 1;\nexport type Thing = number;\n';

function write(file: string, code: string): void {
  const path = join(house, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code);
}

/** One run over the whole seeded house: the rules that fired, by file. */
function lint(): Promise<Map<string, string[]>> {
  const program = join(dirname(createRequire(import.meta.url).resolve('oxlint/package.json')), 'bin/oxlint');
  const args = [program, '--type-aware', '--format', 'json', 'src', 'container', 'test'];
  return new Promise((resolve, reject) => {
    // Its exit code says that there are violations, which is the point.
    execFile(process.execPath, args, { cwd: house, maxBuffer: 2 ** 26 }, (_error, stdout, stderr) => {
      try {
        resolve(byFile(stdout));
      } catch (cause) {
        reject(new Error(`oxlint gave no JSON: ${stderr || stdout.slice(0, 500)}`, { cause }));
      }
    });
  });
}

function byFile(stdout: string): Map<string, string[]> {
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] };
  const found = new Map<string, string[]>();
  for (const { code, filename } of diagnostics) found.set(filename, [...(found.get(filename) ?? []), code]);
  return found;
}

/** Of a legal file only the rules about imports count: seeds are not meant to be good in every way. */
function verdict({ file, rule }: Seed): string {
  const fired = reported.get(file) ?? [];
  if (rule !== undefined) return fired.includes(rule) ? rule : `${file}: ${rule} did not fire, only ${fired.join()}`;
  const wrong = fired.filter(
    (code) =>
      code === IMPORTS || code.includes('process-env') || code.includes('restricted') || code.includes('console'),
  );
  return wrong.length === 0 ? 'passes' : `${file}: ${wrong.join()}`;
}

describe('the floors', () => {
  it.each(pairs)('$from importing $to', ({ seeds: four }) => {
    for (const each of four) expect(verdict(each)).toBe(each.rule ?? 'passes');
  });
});

describe('the other rules of the house', () => {
  it.each(singles)('$rule in $file', (each) => {
    expect(verdict(each)).toBe(each.rule ?? 'passes');
  });
});

describe('the house itself', () => {
  const files = ['src', 'container/src'].flatMap((top) =>
    readdirSync(join(ROOT, top), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name))),
  );

  it('has no rooms beside those of the floors', () => {
    const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(
      rooms.map(({ name }) => name).filter((name) => ![...ROOMS, 'config', 'cli', 'local'].includes(name)),
    ).toEqual([]);
  });

  it('has no barrels, and nothing called utils or helpers', () => {
    expect(
      files.filter((file) => /(?:^|\/)(?:index|utils?|helpers?|common|shared|misc)(?:\/|\.ts$)/.test(file)),
    ).toEqual([]);
  });
});
