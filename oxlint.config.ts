/**
 * Rules of the house, for oxlint. The floors (which folder may import which) come last; `test/floors.test.ts` holds
 * each of them to a seeded violation. A folder that is not named here may import nothing from its neighbours.
 */
import type { OxlintConfig, OxlintOverride } from 'oxlint';

const PURE = ['model', 'plan'];
const BASE = ['model', 'telemetry', 'runtime', 'plan'];
const PORTS = ['aws', 'github', 'store', 'control'];
const PARTS = ['observe', 'intake', 'apply', 'status'];
const LOOPS = ['controllers', 'front-door'];

/** What each folder of src/ may import from its neighbours. Siblings on a floor are not among it. */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  model: [],
  telemetry: ['model'],
  config: ['model'],
  runtime: ['model', 'telemetry'],
  plan: ['model'],
  ...each(PORTS, BASE),
  ...each(PARTS, [...BASE, ...PORTS]),
  ...each(LOOPS, [...BASE, ...PORTS, ...PARTS]),
  cli: [...BASE, ...PORTS, ...PARTS, ...LOOPS, 'config', 'operator.ts'],
  local: [],
};

const DOWN = 'Imports only go down, siblings on a floor do not import each other, and type imports count.';

/** Packages that belong to some folders only. */
const OUTSIDE = [
  {
    group: ['@aws-sdk/**', '@smithy/**'],
    message: 'Belongs to src/aws, src/store and src/local.',
    in: ['aws', 'store', 'local'],
  },
  {
    group: ['@octokit/**', '!@octokit/webhooks', '!@octokit/webhooks/**'],
    message: 'Belongs to src/github.',
    in: ['github'],
  },
  {
    group: ['node:process'],
    message: 'Belongs to src/config; elsewhere use the global process.',
    in: ['config', 'local'],
  },
];

interface Pattern {
  readonly group?: string[];
  readonly regex?: string;
  readonly message: string;
}

function each(folders: readonly string[], allowed: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(folders.map((folder) => [folder, allowed]));
}

function restrict(files: string[], ...patterns: Pattern[]): OxlintOverride {
  return { files, rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

function outside(folder: string): Pattern[] {
  return OUTSIDE.filter((each) => !each.in.includes(folder)).map(({ group, message }) => ({ group, message }));
}

/** One override for each depth, since a path out of the folder has as many `../` as the file is deep. */
function floor([folder, allowed]: [string, readonly string[]]): OxlintOverride[] {
  return [1, 2, 3, 4].map((depth) => {
    const out = '../'.repeat(depth);
    const group = [`${out}**`, ...allowed.map((name) => `!${out}${name}${name.includes('.') ? '' : '/**'}`)];
    const files = `src/${folder}/${'*/'.repeat(depth - 1)}*.ts`;
    return restrict([files], { group, message: DOWN }, ...outside(folder));
  });
}

/** Files at the root of src/, and the container, which is a workspace of its own. */
const ROOMS_WITHOUT_FLOOR: OxlintOverride[] = [
  restrict(
    ['src/operator.ts'],
    { group: ['../**', './cli/**', './main.ts', './local/**'], message: DOWN },
    ...outside(''),
  ),
  restrict(
    ['src/main.ts'],
    { group: ['../**', './local/**'], message: "src/local is not in the operator's image." },
    ...outside(''),
  ),
  ...[1, 2, 3].map((depth) =>
    restrict(
      [`container/src/${'*/'.repeat(depth - 1)}*.ts`],
      {
        group: [`${'../'.repeat(depth + 1)}**`],
        message: 'The container imports nothing from outside of its workspace.',
      },
      ...outside('local').slice(0, 1),
      { group: ['@aws-sdk/**', '@smithy/**'], message: 'The container has no AWS permission.' },
    ),
  ),
];

const CLOCK = 'Time and randomness are injected: take a Clock, or a random function.';
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate'];
const IMPURE = [
  ...TIMERS,
  'queueMicrotask',
  'fetch',
  'performance',
  'crypto',
  'process',
  'console',
  'Buffer',
  'Promise',
];

interface RestrictedGlobals {
  globals: { name: string; message: string }[];
  checkGlobalObject: boolean;
}

function globals(names: readonly string[], message: string): ['error', RestrictedGlobals] {
  return ['error', { globals: names.map((name) => ({ name, message })), checkGlobalObject: true }];
}

const config: OxlintConfig = {
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'node', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['container/examples/**', 'coverage/**'],
  rules: {
    eqeqeq: 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'no-console': 'error',
    complexity: ['error', { max: 10, variant: 'modified' }],
    'max-lines': ['error', { max: 400 }],
    // Room for factories, whose closures count as their lines.
    'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
    'max-params': ['error', 5],
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
    'import/no-cycle': 'error',
    'node/no-process-env': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/consistent-type-imports': ['error', { disallowTypeAnnotations: true, fixStyle: 'inline-type-imports' }],
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'no-restricted-globals': globals(TIMERS, CLOCK),
    'no-restricted-properties': [
      'error',
      { object: 'Date', property: 'now', message: CLOCK },
      { object: 'Math', property: 'random', message: CLOCK },
      { object: 'performance', property: 'now', message: CLOCK },
    ],
    // Of "suspicious": matters of taste, or wrong about this code.
    'import/no-named-as-default-member': 'off',
    'no-shadow': 'off',
    'no-unmodified-loop-condition': 'off',
    'oxc/no-async-endpoint-handlers': 'off',
    'promise/always-return': 'off',
    'promise/no-callback-in-promise': 'off',
    'typescript/consistent-return': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/unbound-method': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/no-array-reverse': 'off',
    'unicorn/no-array-sort': 'off',
    // Of windows in browsers; here are worker threads.
    'unicorn/require-post-message-target-origin': 'off',
    // They do not see assertions in helpers, nor promises that are awaited later.
    'vitest/expect-expect': 'off',
    'vitest/no-conditional-expect': 'off',
    'vitest/no-standalone-expect': 'off',
    'vitest/require-mock-type-parameters': 'off',
    'vitest/require-to-throw-message': 'off',
    'vitest/valid-expect': 'off',
    'vitest/valid-expect-in-promise': 'off',
  },
  overrides: [
    ...Object.entries(FLOORS).flatMap(floor),
    ...ROOMS_WITHOUT_FLOOR,
    {
      files: PURE.map((folder) => `src/${folder}/**`),
      rules: {
        'import/no-nodejs-modules': 'error',
        'oxc/no-async-await': 'error',
        'no-restricted-globals': globals(IMPURE, 'model and plan are pure: no I/O, no clock, no randomness, no async.'),
      },
    },
    {
      files: ['src/config/**', 'src/local/**', 'src/main.ts', 'src/cli/main.ts', 'container/**', 'test/**'],
      rules: { 'node/no-process-env': 'off' },
    },
    { files: ['src/cli/**', 'src/local/**', 'src/main.ts', 'container/**', 'test/**'], rules: { 'no-console': 'off' } },
    {
      files: [
        'src/runtime/clock.ts',
        'src/operator.ts',
        'src/main.ts',
        'src/cli/main.ts',
        'src/local/**',
        'container/**',
        'test/**',
      ],
      rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
    },
    {
      files: ['test/**'],
      rules: {
        complexity: 'off',
        'max-lines-per-function': 'off',
        'typescript/only-throw-error': 'off',
        'typescript/switch-exhaustiveness-check': 'off',
      },
    },
  ],
};

export default config;
