/** Turns what happened to the branches since they were last read into pushes, pull requests and their webhooks. */
import {
  type Branch,
  type Commit,
  changedFiles,
  type ChangedFiles,
  diffStat,
  type DiffStat,
  isAncestor,
} from './git.ts';
import { listCommits, readBranches, readCommit } from './git.ts';
import { closePull, openPull, pullOfBranch, reopenPull, synchronizePull } from './pulls.ts';
import type { Pull } from './state.ts';
import { forkOf, ownerOf, type World } from './world.ts';

const NO_COMMIT = '0'.repeat(40);
/** GitHub lists no more in one push. */
const MAX_COMMITS = 20;

interface PushedCommit extends ChangedFiles {
  readonly commit: Commit;
}

interface Change {
  readonly name: string;
  readonly before: string | undefined;
  /** Undefined when the branch was deleted. */
  readonly branch: Branch | undefined;
  readonly stat: DiffStat;
  readonly commits: readonly PushedCommit[];
  readonly forced: boolean;
}

/** What git tells is read first; then all is applied at once, so that nobody sees half of a scan. */
export async function scanBranches(world: World): Promise<void> {
  // What was there before anybody looked is not news.
  const first = Object.keys(world.state.refs).length === 0 && world.state.pulls.length === 0;
  const branches = await readBranches(world.site.repoPath);
  const changes = await readChanges(world, branches);
  const merged = await readMerged(world, changes);
  for (const change of changes) applyRef(world, change);
  for (const change of changes) applyChange(world, change, first);
  for (const pull of merged) mergePull(world, pull);
  for (const change of changes.filter((one) => one.branch === undefined)) applyDeletion(world, change);
}

async function readChanges(world: World, branches: readonly Branch[]): Promise<Change[]> {
  const { refs, defaultBranch } = world.state;
  const present = new Set(branches.map((branch) => branch.name));
  const base = branches.find((branch) => branch.name === defaultBranch)?.sha;
  const changes: Change[] = [];
  for (const branch of branches) {
    const before = refs[branch.name];
    if (before !== branch.sha) changes.push(await readChange(world, branch, before, base));
  }
  for (const [name, before] of Object.entries(refs)) {
    if (!present.has(name))
      changes.push({ name, before, branch: undefined, stat: NO_DIFF, commits: [], forced: false });
  }
  return changes;
}

const NO_DIFF: DiffStat = { commits: 0, files: 0, additions: 0, deletions: 0 };

async function readChange(
  world: World,
  branch: Branch,
  before: string | undefined,
  base = branch.sha,
): Promise<Change> {
  const repo = world.site.repoPath;
  const [stat, commits, forward] = await Promise.all([
    branch.name === world.state.defaultBranch ? NO_DIFF : diffStat(repo, base, branch.sha),
    readPushed(repo, before ?? base, branch.sha),
    before === undefined || isAncestor(repo, before, branch.sha),
  ]);
  return { name: branch.name, before, branch, stat, commits, forced: !forward };
}

/** The head alone when the range cannot be read, e.g. because the old commit was collected after a forced push. */
async function readPushed(repo: string, from: string, to: string): Promise<PushedCommit[]> {
  const ids = await listCommits(repo, from, to, MAX_COMMITS).catch(() => [to]);
  return Promise.all(
    (ids.length === 0 ? [to] : ids).map(async (sha) => ({
      commit: await readCommit(repo, sha),
      ...(await changedFiles(repo, sha)),
    })),
  );
}

/** Open pull requests whose commits the default branch has now and did not have before. */
async function readMerged(world: World, changes: readonly Change[]): Promise<Pull[]> {
  const { state, site } = world;
  const push = changes.find((change) => change.name === state.defaultBranch);
  if (push?.before === undefined || push.branch === undefined) return [];
  const { before, branch } = push;
  const merged: Pull[] = [];
  for (const pull of state.pulls.filter((one) => one.state === 'open')) {
    const now = await isAncestor(site.repoPath, pull.sha, branch.sha);
    if (now && !(await isAncestor(site.repoPath, pull.sha, before))) merged.push(pull);
  }
  return merged;
}

function applyRef(world: World, change: Change): void {
  if (change.branch === undefined) delete world.state.refs[change.name];
  else world.state.refs[change.name] = change.branch.sha;
  world.touch();
}

function applyChange(world: World, change: Change, first: boolean): void {
  const { branch, stat } = change;
  if (branch === undefined) return;
  if (!first) emitPush(world, change);
  if (branch.name === world.state.defaultBranch) return;
  const pull = pullOfBranch(world, branch.name);
  if (pull === undefined) openPull(world, branch, stat, !first);
  else if (pull.closedBy === 'branch-deleted') {
    pull.stat = stat;
    reopenPull(world, pull, pull.author);
  } else synchronizePull(world, pull, branch.sha, stat);
}

function mergePull(world: World, pull: Pull): void {
  pull.baseSha = world.state.refs[pull.base] ?? pull.baseSha;
  closePull(world, pull, world.site.owner, 'merge');
}

function applyDeletion(world: World, change: Change): void {
  const { site } = world;
  emitPush(world, change);
  if (forkOf(site, change.name) === undefined) {
    const payload = { ref: change.name, ref_type: 'branch', pusher_type: 'user' };
    world.emit({ event: 'delete', sender: site.owner, payload });
  }
  const pull = pullOfBranch(world, change.name);
  if (pull !== undefined) closePull(world, pull, ownerOf(site, change.name), 'branch-deleted');
}

function pushedJson(world: World, { commit, added, removed, modified }: PushedCommit): Record<string, unknown> {
  const { name, email } = commit.author;
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${world.site.url}/${world.site.fullName}/commit/${commit.sha}`,
    author: { name, email },
    committer: { name: commit.committer.name, email: commit.committer.email },
    added,
    removed,
    modified,
  };
}

/** A push to a fork is told to the fork's webhooks only. */
function emitPush(world: World, change: Change): void {
  const { site } = world;
  if (forkOf(site, change.name) !== undefined) return;
  const before = change.before ?? NO_COMMIT;
  const after = change.branch?.sha ?? NO_COMMIT;
  const commits = change.commits.map((commit) => pushedJson(world, commit));
  const payload = {
    ref: `refs/heads/${change.name}`,
    before,
    after,
    created: change.before === undefined,
    deleted: change.branch === undefined,
    forced: change.forced,
    base_ref: null,
    compare: `${site.url}/${site.fullName}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
    commits,
    head_commit: commits.at(-1) ?? null,
    pusher: { name: site.owner, email: `${site.owner}@users.noreply.localhost` },
  };
  world.emit({ event: 'push', sender: site.owner, payload });
}
