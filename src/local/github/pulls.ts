/** Pull requests and their labels: every change of them, and the webhook that tells it. */
import { invalid, notFound } from './errors.ts';
import type { Branch, DiffStat } from './git.ts';
import { pullJson } from './pull-shapes.ts';
import { labelJson } from './shapes.ts';
import type { Pull } from './state.ts';
import { idOf, ownerOf, type World } from './world.ts';

export function findPull(world: World, number: number): Pull {
  const pull = world.state.pulls.find((one) => one.number === number);
  if (pull === undefined) throw notFound();
  return pull;
}

export function pullOfBranch(world: World, branch: string): Pull | undefined {
  return world.state.pulls.find((pull) => pull.branch === branch);
}

type Extra = Readonly<Record<string, unknown>>;

function emitPull(world: World, pull: Pull, action: string, sender: string, extra: Extra = {}): void {
  const payload = { number: pull.number, pull_request: pullJson(world.site, world.state, pull), ...extra };
  world.emit({ event: 'pull_request', action, sender, payload });
}

function changed(world: World, pull: Pull): void {
  pull.updatedAt = world.stamp();
  world.touch();
}

/** A branch that was not there before. Its number never changes afterwards, also when the branch goes and comes back. */
export function openPull(world: World, branch: Branch, stat: DiffStat, announce: boolean): Pull {
  const { state, site } = world;
  const at = world.stamp();
  const number = state.nextNumber;
  state.nextNumber += 1;
  const pull: Pull = {
    id: idOf(`${site.fullName}#${number}`),
    number,
    branch: branch.name,
    base: state.defaultBranch,
    sha: branch.sha,
    baseSha: state.refs[state.defaultBranch] ?? branch.sha,
    title: branch.subject || branch.name,
    body: null,
    author: ownerOf(site, branch.name),
    state: 'open',
    closedBy: null,
    labels: [],
    stat,
    createdAt: at,
    updatedAt: at,
    closedAt: null,
  };
  state.pulls.push(pull);
  world.touch();
  if (announce) emitPull(world, pull, 'opened', pull.author);
  return pull;
}

export function closePull(world: World, pull: Pull, sender: string, why: Exclude<Pull['closedBy'], null>): void {
  if (pull.state === 'closed') return;
  pull.state = 'closed';
  pull.closedBy = why;
  changed(world, pull);
  pull.closedAt = pull.updatedAt;
  emitPull(world, pull, 'closed', sender);
}

/** Takes up the commits that were pushed while it was closed, as GitHub does. */
export function reopenPull(world: World, pull: Pull, sender: string): void {
  if (pull.state === 'open') return;
  if (pull.closedBy === 'merge')
    throw invalid('PullRequest', 'state', 'state cannot be changed. The pull request was merged.');
  const sha = world.state.refs[pull.branch];
  if (sha === undefined) {
    throw invalid('PullRequest', 'state', `state cannot be changed. The ${pull.branch} branch has been deleted.`);
  }
  pull.sha = sha;
  pull.state = 'open';
  pull.closedBy = null;
  pull.closedAt = null;
  changed(world, pull);
  emitPull(world, pull, 'reopened', sender);
}

/** The branch moved. A closed pull request stays at the commit it was closed with. */
export function synchronizePull(world: World, pull: Pull, after: string, stat: DiffStat): void {
  if (pull.state === 'closed') return;
  const before = pull.sha;
  pull.sha = after;
  pull.stat = stat;
  changed(world, pull);
  emitPull(world, pull, 'synchronize', ownerOf(world.site, pull.branch), { before, after });
}

/** Both texts as they shall be. */
export function editPull(world: World, pull: Pull, next: { title: string; body: string | null }, sender: string): void {
  const changes: Record<string, { from: string | null }> = {};
  if (next.title !== pull.title) changes['title'] = { from: pull.title };
  if (next.body !== pull.body) changes['body'] = { from: pull.body };
  if (Object.keys(changes).length === 0) return;
  pull.title = next.title;
  pull.body = next.body;
  changed(world, pull);
  emitPull(world, pull, 'edited', sender, { changes });
}

function sameLabel(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** The label as it was first written; made when there is none of that name, as GitHub does. */
function registerLabel(world: World, name: string): string {
  const key = name.toLowerCase();
  const known = world.state.labels[key];
  if (known !== undefined) return known.name;
  world.state.labels[key] = { id: idOf(`${world.site.fullName} label ${key}`), name };
  return name;
}

/** One webhook for each label that was not there yet. */
export function addLabels(world: World, pull: Pull, names: readonly string[], sender: string): void {
  for (const asked of names) {
    if (pull.labels.some((label) => sameLabel(label, asked))) continue;
    const name = registerLabel(world, asked);
    pull.labels.push(name);
    changed(world, pull);
    emitPull(world, pull, 'labeled', sender, { label: labelJson(world.site, world.state, name) });
  }
}

export function removeLabel(world: World, pull: Pull, asked: string, sender: string): void {
  const name = pull.labels.find((label) => sameLabel(label, asked));
  if (name === undefined) throw notFound('Label does not exist');
  pull.labels = pull.labels.filter((label) => label !== name);
  changed(world, pull);
  emitPull(world, pull, 'unlabeled', sender, { label: labelJson(world.site, world.state, name) });
}
