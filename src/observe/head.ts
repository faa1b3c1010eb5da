/** The branch's head through GitHub. Never rejects: a GitHub that fails is an observation. */
import type { ObservedHead } from '../model/observed.ts';
import { GitHubError, type GitHubPort } from '../github/port.ts';
import type { Clock } from '../runtime/clock.ts';
import { makeTtlCache } from './ttl-cache.ts';

/** A record without a commit is asked about at every look; GitHub allows some 80 questions a minute in all. */
const HEAD_TTL_MS = 60_000;

export type ResolveHead = (repo: string, branch: string) => Promise<ObservedHead>;

export function makeResolveHead(github: GitHubPort, clock: Clock): ResolveHead {
  const heads = makeTtlCache<ObservedHead>({ clock, ttlMs: (head) => (head.ok ? HEAD_TTL_MS : 0) });
  return (repo, branch) => heads.get(JSON.stringify([repo, branch]), () => ask(github, repo, branch));
}

async function ask(github: GitHubPort, repo: string, branch: string): Promise<ObservedHead> {
  const notFound = (what: string): ObservedHead => ({ ok: false, reason: 'BranchNotFound', message: what });
  try {
    const commit = await github.branchHead(repo, branch);
    return commit === undefined ? notFound(`${repo} has no branch ${branch}`) : { ok: true, branch, commit };
  } catch (error) {
    if (error instanceof GitHubError && error.kind === 'not-found') return notFound(`${repo}: ${error.message}`);
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: 'GitHubUnavailable', message };
  }
}
