/**
 * One repository on GitHub with its forks, pull requests and comments, in memory. The local GitHub's own functions change
 * the pull requests and make the webhooks; here is what people do around them, without git and without a socket.
 */
import { commentsOf, createComment, deleteComment, editComment } from '../../../src/local/github/comments.ts';
import { RestError } from '../../../src/local/github/errors.ts';
import { pullJson } from '../../../src/local/github/pull-shapes.ts';
import * as pulls from '../../../src/local/github/pulls.ts';
import { stampOf } from '../../../src/local/github/events.ts';
import { emptyState, type Pull } from '../../../src/local/github/state.ts';
import { idOf, type Site, type World } from '../../../src/local/github/world.ts';
import { parsePull } from '../../../src/model/pull-payload.ts';
import type { PullSnapshot } from '../../../src/model/snapshot.ts';
import { makeApi } from './api.ts';
import { SimHook } from './hook.ts';
import type { OpenPull, SimGitHub, SimGitHubOptions, SimPull, Where } from './port.ts';
import { MAIN, makeRepository, type Repository } from './repository.ts';

const NO_DIFF = { commits: 1, files: 1, additions: 1, deletions: 0 };
/** Who comments when nobody is named. */
const PERSON = 'ana';

export function makeSimGitHub(options: SimGitHubOptions): SimGitHub {
  const { clock, random, deliver } = options;
  const site = siteOf(options.repo);
  const state = emptyState(site.fullName, MAIN, stampOf(clock.now()));
  const drafts = new Set<number>();
  const hook = new SimHook({ now: clock.now, random, deliver: announce, amend });
  const parts = { site, state, hook, now: clock.now };
  const base = makeRepository(parts);
  const forks = new Map<string, Repository>();
  const homes = new Map<Pull, Repository>();
  /** Closed ones whose branch has another history by now. */
  const rewritten = new Set<Pull>();
  const counts = { created: new Map<number, number>(), updated: new Map<number, number>() };
  /** Oracles ask at every step; making and parsing the JSON costs fifty times as much as seeing that it is the same. */
  const snapshots = new Map<number, { readonly key: string; readonly snapshot: PullSnapshot }>();
  /** What was there before anybody listened is not told. */
  let quiet = true;
  base.commit(MAIN, false);
  quiet = false;

  function announce(delivery: Parameters<typeof deliver>[0]): void {
    if (!quiet) deliver(delivery);
  }

  /** The local GitHub knows no drafts. */
  function amend(payload: Readonly<Record<string, unknown>>): object {
    const { pull_request: pull, number } = payload;
    if (typeof pull !== 'object' || pull === null) return payload;
    return { ...payload, pull_request: { ...pull, draft: drafts.has(Number(number)) } };
  }

  const homeOf = ({ fork }: Where = {}): Repository => {
    if (fork === undefined) return base;
    const known = forks.get(fork);
    if (known && !known.gone) return known;
    const made = makeRepository(parts, fork, known?.counts);
    forks.set(fork, made);
    return made;
  };
  const pullsOf = (home: Repository, branch: string): Pull[] =>
    state.pulls.filter((pull) => pull.branch === branch && homes.get(pull) === home);
  const found = (number: number): { readonly pull: Pull; readonly home: Repository } => {
    const pull = pulls.findPull(base.world, number);
    return { pull, home: homes.get(pull) ?? base };
  };
  /** One change of a pull request by its author; false when GitHub refuses it or has nothing to change. */
  const change = (number: number, fn: (world: World, pull: Pull) => void): boolean => {
    const { pull, home } = found(number);
    return didChange(pull, () => fn(home.world, pull));
  };
  const snapshot = (number: number): PullSnapshot | undefined => {
    const pull = state.pulls.find((one) => one.number === number);
    if (!pull) return undefined;
    const { world, gone } = homes.get(pull) ?? base;
    const key = JSON.stringify([pull, gone, drafts.has(number)]);
    const known = snapshots.get(number);
    if (known?.key === key) return known.snapshot;
    const parsed = parsePull({ ...pullJson(world.site, world.state, pull), draft: drafts.has(number) });
    if (!parsed.ok) throw new Error(`pull request ${number}: ${JSON.stringify(parsed.faults)}`);
    snapshots.set(number, { key, snapshot: parsed.snapshot });
    return parsed.snapshot;
  };
  const rewrite = (home: Repository, branch: string): void => {
    for (const pull of pullsOf(home, branch)) if (pull.state === 'closed') rewritten.add(pull);
  };
  const push = (branch: string, where: Where | undefined, forced: boolean): string => {
    const home = homeOf(where);
    if (forced || home.head(branch) === undefined) rewrite(home, branch);
    const commit = home.commit(branch, forced);
    for (const pull of pullsOf(home, branch)) pulls.synchronizePull(home.world, pull, commit, NO_DIFF);
    return commit;
  };
  const openPull = (branch: string, { fork, author, draft, title, base: onto = MAIN }: OpenPull = {}): number => {
    const home = homeOf({ fork });
    const sha = home.head(branch) ?? push(branch, { fork }, false);
    const known = pullsOf(home, branch).find((pull) => pull.state === 'open' && pull.base === onto);
    if (known) return known.number;
    const pull = pulls.openPull(home.world, { name: branch, sha, subject: title ?? branch }, NO_DIFF, false);
    homes.set(pull, home);
    pull.base = onto;
    pull.baseSha = state.refs[onto] ?? state.refs[MAIN] ?? sha;
    pull.author = author ?? pull.author;
    if (draft) drafts.add(pull.number);
    tell(home.world, pull, 'opened');
    return pull.number;
  };
  const closeAll = (home: Repository, which: (pull: Pull) => boolean): void => {
    for (const pull of state.pulls.filter((one) => homes.get(one) === home && which(one)))
      pulls.closePull(home.world, pull, pull.author, 'branch-deleted');
  };
  const count = (of: Map<number, number>) => (pull: number) => void of.set(pull, (of.get(pull) ?? 0) + 1);

  return {
    push: (branch, where) => push(branch, where, false),
    forcePush: (branch, where) => push(branch, where, true),
    deleteBranch(branch, where) {
      const home = homeOf(where);
      if (home.head(branch) === undefined) return false;
      home.remove(branch);
      closeAll(home, (pull) => pull.branch === branch);
      return true;
    },
    restoreBranch: (branch, where) => homeOf(where).restore(branch),
    deleteFork(fork) {
      const home = forks.get(fork);
      if (!home || home.gone) return false;
      home.vanish();
      closeAll(home, () => true);
      return true;
    },
    openPull,
    label: (number, ...names) => change(number, (world, pull) => pulls.addLabels(world, pull, names, site.owner)),
    unlabel: (number, name) => change(number, (world, pull) => pulls.removeLabel(world, pull, name, site.owner)),
    close: (number) => change(number, (world, pull) => pulls.closePull(world, pull, pull.author, 'person')),
    merge: (number) =>
      change(number, (world, pull) => {
        if (pull.state === 'closed') return;
        pull.baseSha = pull.base === MAIN ? base.commit(MAIN, false) : pull.baseSha;
        pulls.closePull(world, pull, site.owner, 'merge');
      }),
    reopen: (number) =>
      change(number, (world, pull) => {
        const { home } = found(number);
        const again = pullsOf(home, pull.branch).some((one) => one.state === 'open' && one.base === pull.base);
        if (!home.gone && !again && !rewritten.has(pull)) pulls.reopenPull(world, pull, pull.author);
      }),
    edit: (number, title) =>
      change(number, (world, pull) => pulls.editPull(world, pull, { title, body: pull.body }, pull.author)),
    setDraft(number, draft) {
      if (drafts.has(number) === draft) return false;
      const { pull, home } = found(number);
      if (draft) drafts.add(number);
      else drafts.delete(number);
      pull.updatedAt = home.world.stamp();
      tell(home.world, pull, draft ? 'converted_to_draft' : 'ready_for_review');
      return true;
    },
    comment: (number, text, author = PERSON) => createComment(base.world, number, text, author).id,
    editComment: (id, text) => refused(() => void editComment(base.world, id, text, PERSON)),
    deleteComment: (id) => refused(() => deleteComment(base.world, id, site.owner)),
    port: makeApi({
      world: base.world,
      headOf(repo) {
        const wanted = repo.toLowerCase();
        const home = [base, ...forks.values()].find((one) => one.fullName.toLowerCase() === wanted && !one.gone);
        return home?.head;
      },
      snapshot,
      created: count(counts.created),
      updated: count(counts.updated),
    }),
    snapshotOf(number) {
      const now = snapshot(number);
      if (!now) throw new Error(`there is no pull request ${number}`);
      return now;
    },
    comments: (number) => commentsOf(base.world, number).map(({ id, author, body }) => ({ id, author, body })),
    commentsCreated: (number) => counts.created.get(number) ?? 0,
    commentsUpdated: (number) => counts.updated.get(number) ?? 0,
    pulls: () => state.pulls.map((pull) => viewOf(pull, homes.get(pull) ?? base, drafts)),
    head: (branch, { fork } = {}) => (fork === undefined ? base : forks.get(fork))?.head(branch),
  };

  function viewOf(pull: Pull, home: Repository, drafted: ReadonlySet<number>): SimPull {
    const { number, branch, state: at, labels, author, title, sha } = pull;
    return {
      number,
      branch,
      fork: home === base ? undefined : home.fullName,
      open: at === 'open',
      draft: drafted.has(number),
      labels: [...labels],
      author,
      title,
      commit: sha,
    };
  }
}

function siteOf(fullName: string): Site {
  const [owner = ''] = fullName.split('/');
  const permissions = {};
  const url = 'https://github.test';
  return { url, repoPath: '/', fullName, owner, repoId: idOf(fullName), forks: [], permissions };
}

function tell(world: World, pull: Pull, action: string): void {
  const payload = { number: pull.number, pull_request: pullJson(world.site, world.state, pull) };
  world.emit({ event: 'pull_request', action, sender: pull.author, payload });
}

/** Whether the pull request differs afterwards in anything but its time. */
function didChange(pull: Pull, fn: () => void): boolean {
  const before = JSON.stringify({ ...pull, updatedAt: '' });
  return refused(fn) && JSON.stringify({ ...pull, updatedAt: '' }) !== before;
}

/** False when GitHub refuses. */
function refused(fn: () => void): boolean {
  try {
    fn();
    return true;
  } catch (error) {
    if (error instanceof RestError) return false;
    throw error;
  }
}
