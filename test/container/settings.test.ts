import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostName, isBranch, isCommit, readSettings, SettingsError } from '../../container/src/settings.ts';
import { publicKeyOf } from '../../src/control/signing.ts';
import { KEY } from './stage.ts';

const VALID = {
  SESSION_ID: 'tt-feature',
  REPO: 'acme/shop',
  BRANCH: 'feature',
  COMMIT: 'a'.repeat(40),
  PR_NUMBER: '12',
  PUBLIC_URL: 'https://TT-feature.preview.test:8000',
  PORT: '3001',
  NODE_ENV: 'production',
  MAYFLY_PUBLIC_KEY: publicKeyOf(KEY),
};

function faultsOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  return [];
}

test('the plain environment of a task is enough', () => {
  expect(readSettings(VALID)).toMatchObject({
    session: 'tt-feature',
    repo: 'acme/shop',
    commit: 'a'.repeat(40),
    publicHost: 'tt-feature.preview.test',
    port: 3_001,
    controlPort: 8_080,
    bindAddress: '0.0.0.0',
    gitUrl: 'https://github.com/acme/shop.git',
    gitToken: undefined,
    healthPath: '/',
    startDeadlineMs: 120_000,
  });
});

test('COMMIT and PR_NUMBER may be empty', () => {
  expect(readSettings({ ...VALID, COMMIT: '', PR_NUMBER: '' }).commit).toBeUndefined();
});

describe('APP_UID and APP_GID', () => {
  test.each([
    [{ APP_UID: '1000', APP_GID: '1001' }, true, { uid: 1_000, gid: 1_001 }],
    [{ APP_UID: '1000' }, true, { uid: 1_000, gid: 1_000 }],
    [{ APP_UID: '1000', APP_GID: '1001' }, false, undefined],
    [{}, true, undefined],
  ])('%j, for root: %j', (more, isRoot, runAs) => {
    expect(readSettings({ ...VALID, ...more }, isRoot).runAs).toEqual(runAs);
  });

  test.each(['0', '-1', 'node', '99999999999', '1.5'])('are never %s', (id) => {
    expect(() => readSettings({ ...VALID, APP_UID: id }, true)).toThrow(/APP_UID is ".*not root/);
    expect(() => readSettings({ ...VALID, APP_UID: '1000', APP_GID: id }, true)).toThrow(/APP_GID is ".*not root/);
  });

  test('are not for the project to see', () => {
    expect(readSettings({ ...VALID, APP_UID: '1000' }, true).childEnv).not.toHaveProperty('APP_UID');
  });
});

test('every fault is named at once, with what was found and what is allowed', () => {
  const faults = faultsOf({
    ...VALID,
    SESSION_ID: undefined,
    REPO: 'shop',
    BRANCH: 'a..b',
    PR_NUMBER: 'x',
    HEALTH_PATH: 'up',
  });
  expect(faults).toEqual([
    'REPO is "shop"; allowed: owner/name',
    'SESSION_ID is missing; allowed: a DNS label of lower case letters, digits and hyphens',
    'BRANCH is "a..b"; allowed: a branch name',
    'HEALTH_PATH is "up"; allowed: a path that begins with /',
    'PR_NUMBER is "x"; allowed: a number, or empty',
  ]);
});

describe('MAYFLY_PUBLIC_KEY', () => {
  const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

  test.each([pem, pem.replaceAll('\n', '\\n'), publicKeyOf(KEY)])('is taken as %j', (key) => {
    expect(readSettings({ ...VALID, MAYFLY_PUBLIC_KEY: key }).publicKey.asymmetricKeyType).toBe('ed25519');
  });

  test.each([rsa, KEY.slice(0, 60), 'nonsense'])('is refused as %j', (key) => {
    expect(faultsOf({ ...VALID, MAYFLY_PUBLIC_KEY: key }).join()).toMatch(
      /^MAYFLY_PUBLIC_KEY is .*; allowed: an Ed25519/,
    );
  });
});

test.each([
  'https://user:token@example.com/{repo}.git',
  'https://example.com/fixed.git',
  'ssh://git@example.com/{repo}',
  '--upload-pack={repo}',
])('GIT_URL is refused as %s', (url) => {
  expect(faultsOf({ ...VALID, GIT_URL: url }).join()).toMatch(/^GIT_URL is /);
});

test("children get the project's variables, and none of the supervisor's or of its npm", () => {
  const env = {
    ...VALID,
    FLAVOUR: 'lemon',
    GITHUB_TOKEN: 'ghs_x',
    CONTROL_PORT: '8080',
    npm_package_name: 'mayfly',
    INIT_CWD: '/',
  };
  const { childEnv } = readSettings({ ...env, npm_config_cache: '/cache' });
  expect(Object.keys(childEnv).sort()).toEqual(
    ['BRANCH', 'FLAVOUR', 'PR_NUMBER', 'PUBLIC_URL', 'REPO', 'SESSION_ID', 'npm_config_cache'].sort(),
  );
});

test('a Host is compared without case, port and final dot', () => {
  for (const host of ['tt-x.test', 'TT-X.test:8000', 'tt-x.test.', 'tt-x.test.:80']) {
    expect(hostName(host)).toBe('tt-x.test');
  }
});

test('what git would read as anything but a branch is no branch', () => {
  for (const name of [
    '',
    '-x',
    'a..b',
    'a:b',
    '+a b',
    'a~1',
    'a^',
    'x.lock',
    '/a',
    'a/',
    'a//b',
    '.a',
    'a/.b',
    'a@{1}',
    'a\nb',
    'a\\b',
  ]) {
    expect(isBranch(name), name).toBe(false);
  }
  for (const name of ['main', 'feature/x-1', 'dependabot/npm/@a/b-1.2', 'größe', '日本'])
    expect(isBranch(name), name).toBe(true);
});

test('a commit is 40 or 64 hex digits and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('0', '1', '9', 'a', 'f', 'g'), maxLength: 70 }), (text) => {
      expect(isCommit(text)).toBe(!text.includes('g') && [40, 64].includes(text.length));
    }),
  );
});
