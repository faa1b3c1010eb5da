/** Secrets come from the environment, or from files that it names (`…_FILE`). Their values never appear in a fault. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { ReaderSecrets, Secrets } from '../model/config.ts';
import type { ConfigFault } from './faults.ts';

export type ProcessEnv = Readonly<Record<string, string | undefined>>;
/** Throws as `readFileSync` does. */
export type ReadFile = (path: string) => string;

const WEBHOOK_SECRET_MIN = 16;
const KEY_ALLOWED = 'an Ed25519 private key in PEM (openssl genpkey -algorithm ed25519), or base64 of it';
/** With any other key every task would look as if it were to be replaced. */
const READER_KEY_ALLOWED = "the operator's own key: an Ed25519 private key in PEM, or base64 of it";

type Read = { readonly value?: string; readonly fault?: ConfigFault };

/** What was read; without `secrets` there is at least one fault. */
export interface SecretsRead<S> {
  readonly secrets?: S;
  readonly faults: readonly ConfigFault[];
}

export function readSecrets(env: ProcessEnv, readFile: ReadFile): SecretsRead<Secrets> {
  const webhook = checked(readSecret('MAYFLY_WEBHOOK_SECRET', env, readFile), 'MAYFLY_WEBHOOK_SECRET', webhookSecret);
  const { secrets, faults: others } = readOthers(env, readFile, KEY_ALLOWED);
  const faults = [...(webhook.fault ? [webhook.fault] : []), ...others];
  if (webhook.value === undefined || !secrets || faults.length > 0) return { faults };
  return { secrets: { webhookSecret: webhook.value, ...secrets }, faults };
}

/** The webhook secret is not looked at, not even for faults. */
export function readReaderSecrets(env: ProcessEnv, readFile: ReadFile): SecretsRead<ReaderSecrets> {
  return readOthers(env, readFile, READER_KEY_ALLOWED);
}

function readOthers(env: ProcessEnv, readFile: ReadFile, keyAllowed: string): SecretsRead<ReaderSecrets> {
  const signing = checked(
    readSecret('MAYFLY_SIGNING_KEY', env, readFile),
    'MAYFLY_SIGNING_KEY',
    signingKeyAs(keyAllowed),
  );
  const github = readSecret('GITHUB_TOKEN', env, readFile);
  const faults = [signing, github].flatMap(({ fault }) => fault ?? []);
  if (signing.value === undefined || faults.length > 0) return { faults };
  return { secrets: { signingKey: signing.value, githubToken: github.value }, faults };
}

/** What a value means, or what is wrong with it. */
type Check = (
  value: string | undefined,
) => { readonly value: string } | { readonly found: string; readonly allowed: string };

function checked(read: Read, name: string, check: Check): Read {
  if (read.fault) return read;
  const result = check(read.value);
  return 'value' in result ? result : { fault: { path: name, ...result } };
}

function webhookSecret(value: string | undefined): ReturnType<Check> {
  const allowed = `the webhook secret set at GitHub, at least ${WEBHOOK_SECRET_MIN} characters`;
  if (value === undefined) return { found: 'nothing', allowed };
  return value.length >= WEBHOOK_SECRET_MIN ? { value } : { found: `${value.length} characters`, allowed };
}

/** PKCS#8 PEM, whichever way it was written. */
function signingKeyAs(allowed: string): Check {
  return (value) => {
    if (value === undefined) return { found: 'nothing', allowed };
    const key = parseKey(value.includes('-----BEGIN') ? value : Buffer.from(value, 'base64').toString('utf8'));
    if (!key) return { found: 'text that is no private key', allowed };
    const type = key.asymmetricKeyType ?? 'unknown';
    if (type !== 'ed25519') return { found: `a private key of type ${type}`, allowed };
    return { value: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
  };
}

function parseKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    // OpenSSL's message adds nothing that helps, and could quote the input.
    return undefined;
  }
}

/** The variable, or the content of the file that `…_FILE` names. Empty counts as absent. */
function readSecret(name: string, env: ProcessEnv, readFile: ReadFile): Read {
  const value = env[name]?.trim();
  const fileName = `${name}_FILE`;
  const path = env[fileName];
  if (!path) return value ? { value } : {};
  if (value) return { fault: { path: fileName, found: `both ${name} and ${fileName}`, allowed: 'one of them' } };
  try {
    const content = readFile(path).trim();
    return content === ''
      ? { fault: { path: fileName, found: `an empty file, ${path}`, allowed: 'a file with the secret' } }
      : { value: content };
  } catch (error) {
    return { fault: { path: fileName, found: `${path} (${codeOf(error)})`, allowed: 'a file that can be read' } };
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'cannot be read';
}
