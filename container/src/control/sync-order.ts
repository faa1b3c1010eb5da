/** `POST /sync`: what is to be served, and what is lent for that. */
import { isBranch, isCommit } from '../settings.ts';
import { objectWith, type Rule, text } from './fields.ts';
import type { CacheGrant, Grants, SyncOrder } from './orders.ts';

const BRANCH: Rule = { valid: isBranch, allowed: 'a branch name' };
const COMMIT: Rule = { valid: isCommit, allowed: '40 or 64 hex digits' };
const CREDENTIAL: Rule = {
  valid: (value) => /^[!-~]{1,1024}$/.test(value),
  allowed: '1 to 1024 printable characters of ASCII without spaces',
  secret: true,
};
const CACHE_URL: Rule = {
  valid: isCacheUrl,
  allowed: 'an http or https URL with {key} in it, of 4096 characters at most',
  secret: true,
};

export interface SyncRequest {
  readonly order: SyncOrder & { readonly commit: string };
  readonly grants: Grants;
}

/** Throws a 400 that names what is wrong, and shows nothing of what is lent. */
export function parseSync(body: unknown): SyncRequest {
  const fields = objectWith(body, ['branch', 'commit', 'credential', 'cache']);
  const branch = text(fields['branch'], 'branch', BRANCH);
  const commit = text(fields['commit'], 'commit', COMMIT);
  const { credential, cache } = fields;
  return {
    order: { kind: 'sync', branch, commit },
    grants: {
      ...(credential === undefined ? {} : { credential: text(credential, 'credential', CREDENTIAL) }),
      ...(cache === undefined ? {} : { cache: parseCache(cache) }),
    },
  };
}

function parseCache(value: unknown): CacheGrant {
  const { get, put } = objectWith(value, ['get', 'put'], 'cache');
  return {
    get: text(get, 'cache.get', CACHE_URL),
    ...(put === undefined ? {} : { put: text(put, 'cache.put', CACHE_URL) }),
  };
}

function isCacheUrl(value: string): boolean {
  if (value.length > 4_096 || !/^[!-~]*$/.test(value) || !value.includes('{key}') || !URL.canParse(value)) return false;
  const url = new URL(value);
  return ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '';
}

/** Values in the query of a URL that are shorter than a signature. */
const SHORTEST = 20;

/** What of it must be in no log: the credential, and what signs the URLs. */
export function secretsOf({ credential, cache }: Grants): string[] {
  const urls = [cache?.get, cache?.put].filter((url) => url !== undefined);
  const values = urls.flatMap((url) =>
    url
      .split('?')
      .slice(1)
      .join('?')
      .split(/[&=]|\{key\}/),
  );
  const signatures = values.filter((value) => value.length >= SHORTEST);
  return credential === undefined ? signatures : [credential, ...signatures];
}
