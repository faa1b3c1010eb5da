/** The base repository and its forks: branches, commits, and the webhooks of pushes, which only the base tells. */
import { createHash } from 'node:crypto';
import type { Deliveries } from '../../../src/local/github/deliveries.ts';
import { makeWorld } from '../../../src/local/github/events.ts';
import { noStateFile, type State } from '../../../src/local/github/state.ts';
import { type Fork, idOf, type Site, type World } from '../../../src/local/github/world.ts';

export const MAIN = 'main';
const NO_COMMIT = '0'.repeat(40);

export interface RepositoryParts {
  readonly site: Site;
  /** Shared by the base repository and its forks, but for `refs`. */
  readonly state: State;
  readonly hook: Deliveries;
  readonly now: () => number;
}

export interface Repository {
  readonly fullName: string;
  /** Of the pull requests whose head is here: the local GitHub's functions see their head repository in it. */
  readonly world: World;
  head(branch: string): string | undefined;
  /** A commit that never was before. */
  commit(branch: string, forced: boolean): string;
  remove(branch: string): void;
  /** False when the branch exists, or never did. */
  restore(branch: string): boolean;
  /** Only of a fork: nobody can read it any more. */
  vanish(): void;
  readonly gone: boolean;
  /** Commits made so far, by branch. */
  readonly counts: Map<string, number>;
}

/** `counts`: of the fork of this name that was deleted before, so that no commit comes twice. */
export function makeRepository(
  parts: RepositoryParts,
  fork?: string,
  counts: Map<string, number> = new Map<string, number>(),
): Repository {
  const { site, state } = parts;
  const fullName = fork ?? site.fullName;
  const refs = fork === undefined ? state.refs : {};
  const forks: Fork[] = [];
  const removed = new Map<string, string>();
  const world = makeWorld({ ...site, forks }, fork === undefined ? state : withRefs(state, refs), {
    file: noStateFile,
    deliveries: parts.hook,
    now: parts.now,
  });
  let gone = false;

  const moveTo = (branch: string, after: string | undefined, forced: boolean): void => {
    const before = refs[branch];
    if (after === undefined) delete refs[branch];
    else refs[branch] = after;
    if (fork === undefined) emitPush(world, branch, { before, after, forced });
  };

  return {
    fullName,
    world,
    counts,
    head: (branch) => (gone ? undefined : refs[branch]),
    commit(branch, forced) {
      const count = (counts.get(branch) ?? 0) + 1;
      counts.set(branch, count);
      const isNew = fork !== undefined && !forks.some((one) => one.branch === branch);
      if (isNew) forks.push({ branch, repo: fork, repoId: idOf(fork) });
      const after = createHash('sha1').update(`${fullName} ${branch} ${count}`).digest('hex');
      moveTo(branch, after, forced);
      return after;
    },
    remove(branch) {
      removed.set(branch, refs[branch] ?? NO_COMMIT);
      moveTo(branch, undefined, false);
      if (fork !== undefined) return;
      const payload = { ref: branch, ref_type: 'branch', pusher_type: 'user' };
      world.emit({ event: 'delete', sender: site.owner, payload });
    },
    restore(branch) {
      const last = removed.get(branch);
      if (gone || last === undefined || refs[branch] !== undefined) return false;
      moveTo(branch, last, false);
      return true;
    },
    vanish() {
      gone = true;
      for (const [at, { branch }] of forks.entries()) forks[at] = { branch, repo: null, repoId: null };
    },
    get gone() {
      return gone;
    },
  };
}

/** The same state with the branches of a fork; numbers are given out by the base repository alone. */
function withRefs(state: State, refs: State['refs']): State {
  return Object.defineProperties(
    { ...state, refs },
    {
      nextNumber: {
        get: () => state.nextNumber,
        set: (next: number) => {
          state.nextNumber = next;
        },
      },
    },
  );
}

interface Move {
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly forced: boolean;
}

function emitPush(world: World, branch: string, { before, after, forced }: Move): void {
  const { owner } = world.site;
  const payload = {
    ref: `refs/heads/${branch}`,
    before: before ?? NO_COMMIT,
    after: after ?? NO_COMMIT,
    created: before === undefined,
    deleted: after === undefined,
    forced,
    base_ref: null,
    commits: [],
    head_commit: null,
    pusher: { name: owner, email: `${owner}@users.noreply.localhost` },
  };
  world.emit({ event: 'push', sender: owner, payload });
}
