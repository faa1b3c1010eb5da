/** The storm ends: the world is well again, people put right what they broke, and whoever was down comes back. */
import { sessionId } from '../../../src/model/names.ts';
import { parseItem } from '../../../src/model/record.ts';
import { idOf } from '../../../src/local/github/world.ts';
import { actualOf, shareOf } from '../world/actual.ts';
import { PREFIX, REPO } from '../world/config.ts';
import { edit } from '../world/people.ts';
import type { World } from '../world/world.ts';
import { bootUnlessUp } from './act-replicas.ts';
import type { Stage } from './stage.ts';
import type { Attributes } from './story.ts';

export function healWorld(stage: Stage): void {
  const { world, dials } = stage;
  dials.stormy = false;
  stage.undoAll();
  for (const { arn } of Object.values(world.aws.ecs.state.tasks)) world.aws.ecs.thaw(arn);
  for (const { ip } of world.supervisors.containers()) world.supervisors.reopen(ip);
  for (const { actor } of world.replicas.values()) actor.thaw();
  for (const name of ['alpha', 'beta'].slice(0, stage.story.replicas)) bootUnlessUp(world, name);
  world.touch();
}

/** A moment later: pushes and edits that make good what nothing else would tell the replicas. */
export function healPeople(stage: Stage): void {
  const { world } = stage;
  for (const session of stage.ledger.sessions()) {
    correct(stage, session);
    release(world, session);
  }
  fixCommits(stage);
  restoreItems(stage);
  for (const { number, open, labels, fork, branch } of world.github.pulls()) {
    const session = sessionOfBranch(branch);
    if (fork !== undefined || !stage.disturbed.has(session)) continue;
    if (!stage.orphans.has(session)) world.github.edit(number, 'all is well');
    // Of one that asks for nothing any more, nobody can tell what the table knew.
    if (open && labels.length > 0 && !stage.orphans.has(session)) world.forgotten.delete(number);
    else world.forgotten.add(number);
  }
}

function sessionOfBranch(branch: string): string {
  return sessionId(PREFIX, { repoId: idOf(REPO), branch, fork: false });
}

/** What still cannot be understood becomes what it last was when it could. */
function correct({ world, ledger }: Stage, session: string): void {
  const item = world.store.peek(session);
  if (!item) return;
  const parsed = parseItem(item);
  const project = parsed.ok ? parsed.desired.project : 'web';
  if (parsed.ok && project === 'web') return;
  const good = ledger.lastGood(session);
  const { status, state, expires_at: expires, ...rest } = item;
  const gone = Object.fromEntries(Object.keys(rest).map((name) => [name, null]));
  world.journal.tell('eve', `corrects ${session}`);
  edit(world, session, { ...gone, ...good, project: 'web', status, state, ...(expires !== undefined && { expires }) });
  ledger.note(session);
}

function release(world: World, session: string): void {
  const override = world.store.peek(session)?.['override'] as Readonly<Record<string, unknown>> | undefined;
  if (override?.['paused'] !== true) return;
  world.journal.tell('eve', `ends the pause of ${session}`);
  edit(world, session, { override: null });
}

/** What crashes again and again is never at rest; what cannot be fetched is tried again every five minutes. */
function fixCommits({ world, ledger }: Stage): void {
  const { github, supervisors } = world;
  const isRestless = (commit: unknown): boolean => {
    const outcome = supervisors.plans.get(String(commit))?.outcome;
    if (outcome?.kind === 'fails' || outcome?.kind === 'hangs') return outcome.phase === 'fetch';
    return outcome?.kind === 'crashes' || outcome?.kind === 'out-of-memory';
  };
  for (const branch of new Set(github.pulls().flatMap((pull) => (pull.fork === undefined ? [pull.branch] : [])))) {
    if (!isRestless(github.head(branch))) continue;
    world.journal.tell('ada', `pushes a fix to ${branch}`);
    github.push(branch);
  }
  for (const session of ledger.sessions()) {
    if (!isRestless(world.store.peek(session)?.['commit'])) continue;
    world.journal.tell('eve', `lets go of the commit of ${session}`);
    edit(world, session, { commit: null });
  }
}

/** Whoever sees that a start has failed for good by no fault of the commit asks for another one. */
export function retryFailed({ world, ledger }: Stage): void {
  for (const session of ledger.sessions()) {
    const item = world.store.peek(session);
    const { status } = item ? parseItem(item) : {};
    if (status?.failure?.final !== true || world.supervisors.plans.has(status.failure.commit ?? '')) continue;
    const override = (item?.['override'] ?? {}) as Attributes;
    const env = { ...(override['env'] as Attributes | undefined), AGAIN: '1' };
    world.journal.tell('eve', `asks for another start of ${session}`);
    edit(world, session, { override: { ...override, env } });
    ledger.note(session);
  }
}

/** As many may stay away as the guard lets be collected, and only while the table holds something. */
const ORPHANS = 3;

function restoreItems(stage: Stage): void {
  const { world, ledger, orphans } = stage;
  const missing = ledger.sessions().filter((session) => !world.store.peek(session));
  const some = ledger.sessions().length > missing.length;
  const stay = some ? missing.filter((session) => orphans.has(session)).slice(0, ORPHANS) : [];
  for (const session of orphans) if (!stay.includes(session)) orphans.delete(session);
  for (const session of missing) {
    if (stay.includes(session)) continue;
    const asks = world.github
      .pulls()
      .some(({ open, labels, branch }) => open && labels.length > 0 && sessionOfBranch(branch) === session);
    const { tasks, groups } = shareOf(actualOf(world), session);
    if (asks || tasks.length + groups.length === 0) continue;
    const { project, repo, branch } = ledger.lastGood(session) ?? {};
    world.journal.tell('eve', `puts the item of ${session} back, not wanted`);
    edit(world, session, { project, repo, branch, wanted: false });
    ledger.note(session);
  }
}
