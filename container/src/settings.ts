/** The task's environment, validated. Every fault is reported at once, so that a person corrects them in one go. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import type { Identity } from './processes/process-group.ts';

export interface Settings {
  readonly session: string;
  /** `owner/name` */
  readonly repo: string;
  readonly branch: string;
  /** Absent: the head of `branch`. */
  readonly commit: string | undefined;
  /** Host of PUBLIC_URL, lower case, without a port: the only one that is served. */
  readonly publicHost: string;
  readonly nodeEnv: string;
  readonly bindAddress: string;
  /** Of the reverse proxy. */
  readonly port: number;
  readonly controlPort: number;
  readonly publicKey: KeyObject;
  /** Where the code comes from; never holds a credential. */
  readonly gitUrl: string;
  readonly gitToken: string | undefined;
  /** Absent: the system's temporary directory. A fresh directory is made in it, and removed at the end. */
  readonly workDir: string | undefined;
  readonly healthPath: string;
  readonly startDeadlineMs: number;
  /** For each of fetch, install and build. */
  readonly phaseDeadlineMs: number;
  /** Whom the project's code runs as; absent: as the supervisor itself. */
  readonly runAs: Identity | undefined;
  /** Absent: nothing is kept for other tasks on this machine. */
  readonly cacheDir: string | undefined;
  readonly cacheMaxBytes: number;
  /** Caches are shared by environments of one repository and one level of trust, and by nobody else. */
  readonly cacheNamespace: string;
  /** Nothing is fetched before the first order, which brings what the task's environment must not hold. */
  readonly awaitSync: boolean;
  /** What children inherit: the environment without the supervisor's own variables. */
  readonly childEnv: Readonly<Record<string, string>>;
}

export class SettingsError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`the environment is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'SettingsError';
    this.faults = faults;
  }
}

/** Never passed on to a project's code. */
const OWN_VARIABLES = new Set([
  'MAYFLY_PUBLIC_KEY',
  'GITHUB_TOKEN',
  'GIT_URL',
  'BIND_ADDRESS',
  'CONTROL_PORT',
  'WORK_DIR',
  'CACHE_DIR',
  'CACHE_MAX_MB',
  'TRUST',
  'AWAIT_SYNC',
  'APP_UID',
  'APP_GID',
  'HEALTH_PATH',
  'START_DEADLINE_SECONDS',
  'PHASE_DEADLINE_SECONDS',
  'PORT',
  'COMMIT',
  'NODE_ENV',
]);
/** Left behind when the supervisor was itself started by npm; they would make a project's npm work on our package. */
const NPM_LEFTOVERS =
  /^(?:npm_(?:lifecycle|package)_.*|npm_(?:command|execpath|node_execpath|config_local_prefix)|INIT_CWD)$/;

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const REPO = /^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/;
const TRUST = /^[a-z0-9][a-z0-9-]{0,62}$/;
const SESSION = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export function isCommit(value: string): boolean {
  return COMMIT.test(value);
}

/** What git accepts as a branch and no shell, refspec or option can be made of (git-check-ref-format). */
export function isBranch(value: string): boolean {
  if (value === '' || value.length > 255) return false;
  // biome-ignore format: one rule of git a line
  return !(
    /[\p{Cc} ~^:?*[\\]/u.test(value) ||
    /\.\.|@\{|\/\/|\/\.|\.$|\.lock(?:\/|$)/.test(value) ||
    /^[-/.]|\/$/.test(value)
  );
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Only root can run code as somebody else: without it, APP_UID and APP_GID change nothing. */
export function readSettings(env: Environment, isRoot: boolean = process.getuid?.() === 0): Settings {
  const faults: string[] = [];
  const read = makeReader(env, faults);
  const repo = read('REPO', REPO.test.bind(REPO), 'owner/name');
  const publicUrl = read('PUBLIC_URL', isWebUrl, 'an http or https URL');
  const key = read(
    'MAYFLY_PUBLIC_KEY',
    (value) => parsePublicKey(value) !== undefined,
    'an Ed25519 public key, PEM or base64 DER',
  );
  const settings = {
    session: read('SESSION_ID', SESSION.test.bind(SESSION), 'a DNS label of lower case letters, digits and hyphens'),
    repo,
    branch: read('BRANCH', isBranch, 'a branch name'),
    commit: read('COMMIT', isCommit, '40 or 64 hex digits, or empty', '') || undefined,
    nodeEnv: read('NODE_ENV', /^\S+$/.test.bind(/^\S+$/), 'one word, e.g. production'),
    bindAddress: read('BIND_ADDRESS', (value) => isIP(value) !== 0, 'an IP address', '0.0.0.0'),
    port: Number(read('PORT', isPort, 'a port, 1 to 65535')),
    controlPort: Number(read('CONTROL_PORT', isPort, 'a port, 1 to 65535', '8080')),
    gitUrl: read(
      'GIT_URL',
      isGitUrl,
      'an https, http or file URL with {repo} in it and no credentials',
      'https://github.com/{repo}.git',
    ).replaceAll('{repo}', repo),
    gitToken: env['GITHUB_TOKEN'] || undefined,
    workDir: env['WORK_DIR'] || undefined,
    healthPath: read('HEALTH_PATH', /^\/[!-~]*$/.test.bind(/^\/[!-~]*$/), 'a path that begins with /', '/'),
    startDeadlineMs: 1_000 * Number(read('START_DEADLINE_SECONDS', isSeconds, 'whole seconds, 1 to 3600', '120')),
    phaseDeadlineMs: 1_000 * Number(read('PHASE_DEADLINE_SECONDS', isSeconds, 'whole seconds, 1 to 3600', '900')),
    runAs: isRoot ? readIdentity(read) : undefined,
    cacheDir: env['CACHE_DIR'] || undefined,
    cacheMaxBytes: 1_048_576 * Number(read('CACHE_MAX_MB', isMegabytes, 'whole MiB, 1 to 10000000', '10240')),
    cacheNamespace: `${repo.toLowerCase()}/${readTrust(env, read)}`,
    awaitSync: read('AWAIT_SYNC', isFlag, 'true, or empty', '') === 'true',
    childEnv: childEnvironment(env),
  };
  read('PR_NUMBER', /^\d+$/.test.bind(/^\d+$/), 'a number, or empty', '');
  const publicKey = parsePublicKey(key);
  if (faults.length > 0 || !publicKey) throw new SettingsError(faults);
  return { ...settings, publicKey, publicHost: hostName(new URL(publicUrl).host) };
}

type Read = ReturnType<typeof makeReader>;

/** Said outright where there is a cache: code that is not trusted must not end up in what others restore. */
function readTrust(env: Environment, read: Read): string {
  const allowed = 'lower case letters, digits and hyphens, e.g. trusted; whoever says the same shares the cache';
  return read('TRUST', TRUST.test.bind(TRUST), allowed, env['CACHE_DIR'] ? undefined : 'none');
}

function readIdentity(read: Read): Identity | undefined {
  const allowed = 'the number of a user or group that is not root';
  const uid = read('APP_UID', isId, allowed, '');
  const gid = read('APP_GID', isId, allowed, uid);
  return uid === '' ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** A Host header without its port and a final dot, in lower case. */
export function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
}

function makeReader(env: Environment, faults: string[]) {
  return (name: string, valid: (value: string) => boolean, allowed: string, fallback?: string): string => {
    const value = env[name] || fallback;
    if (value === undefined) faults.push(`${name} is missing; allowed: ${allowed}`);
    else if (value !== fallback && !valid(value)) {
      faults.push(`${name} is ${JSON.stringify(value.slice(0, 80))}; allowed: ${allowed}`);
    }
    return value ?? '';
  };
}

function childEnvironment(env: Environment): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !OWN_VARIABLES.has(entry[0]) && !NPM_LEFTOVERS.test(entry[0]),
  );
  return Object.fromEntries(kept);
}

function isWebUrl(value: string): boolean {
  return URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol);
}

function isGitUrl(value: string): boolean {
  if (!value.includes('{repo}') || !URL.canParse(value)) return false;
  const url = new URL(value);
  return ['https:', 'http:', 'file:'].includes(url.protocol) && url.username === '' && url.password === '';
}

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535;
}

function isMegabytes(value: string): boolean {
  return /^[1-9]\d{0,7}$/.test(value) && Number(value) <= 10_000_000;
}

function isFlag(value: string): boolean {
  return value === 'true';
}

function isId(value: string): boolean {
  return /^[1-9]\d{0,9}$/.test(value) && Number(value) < 2 ** 31;
}

function isSeconds(value: string): boolean {
  return /^\d{1,4}$/.test(value) && Number(value) >= 1 && Number(value) <= 3_600;
}

/** PEM, or the base64 of the DER that PEM wraps. */
function parsePublicKey(text: string): KeyObject | undefined {
  try {
    const key = text.includes('-----BEGIN')
      ? createPublicKey(text.replaceAll('\\n', '\n'))
      : createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}
