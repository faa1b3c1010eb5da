/** A plan in words. What has nothing to do is only counted, unless it was asked for by name. */
import { isTrue } from '../../model/conditions.ts';
import { type Paint, plain, type Style } from '../terminal.ts';
import {
  type EnvironmentEntry,
  type OrphanEntry,
  type OrphansEntry,
  type PlanDocument,
  type Standing,
  standingOf,
  type Summary,
} from './document.ts';
import type { Change, ToldStep } from './steps.ts';

const SIGNS: Readonly<Record<Change, readonly [sign: string, style: Style]>> = {
  create: ['+', 'green'],
  change: ['~', 'yellow'],
  delete: ['-', 'red'],
};

/** `all`: also those that have nothing to do. */
export function planText(document: PlanDocument, all: boolean, paint: Paint): string {
  const { paused, environments, orphans, summary } = document;
  const shown = environments.filter((one) => standingOf(one) !== 'notSeen' && (all || isWorthABlock(one)));
  const blocks = [
    ...(paused === null ? [] : [[paint('yellow', plain(paused))]]),
    ...shown.map((one) => block(one, paused, paint)),
    ...unseenBlocks(environments, paint),
    ...orphanBlock(orphans, paint),
    [paint('bold', summaryLine(summary, summary.notSeen === 0 && !orphans?.trouble))],
  ];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function isWorthABlock(entry: EnvironmentEntry): boolean {
  const standing = standingOf(entry);
  return standing === 'toChange' || standing === 'notUnderstood' || (standing === 'paused' && entry.held.length > 0);
}

function block(entry: EnvironmentEntry, pausedAll: string | null, paint: Paint): readonly string[] {
  const { sessionId, project, state, paused, steps, held } = entry;
  const head = `${paint('bold', plain(sessionId))} (${plain(project ?? 'unknown project')}) ${state}: ${headline(entry)}`;
  if (paused === null) return [head, ...stepLines(steps, paint)];
  const said = paused === pausedAll ? [] : [`  ${paint('yellow', plain(paused))}`];
  const waiting = held.length === 0 ? [] : ['  waiting for the end of the pause:', ...stepLines(held, paint)];
  return [head, ...said, ...waiting];
}

/** What a person wants to know first, and what else is not as it should be. */
function headline({ trouble, conditions, state }: EnvironmentEntry): string {
  if (trouble) return `left alone: ${plain(trouble.message)}`;
  if (state === 'PENDING') return 'not started';
  const { Removed, Ready, UpToDate, ControlReachable } = conditions;
  if (Removed) return isTrue(conditions, 'Removed') ? 'removed' : `not removed: ${plain(Removed.message)}`;
  const ready = isTrue(conditions, 'Ready') ? 'ready' : `not ready: ${plain(Ready?.message ?? 'not yet known')}`;
  const besides = [isTrue(conditions, 'Ready') ? UpToDate : undefined, ControlReachable].flatMap((condition) =>
    condition?.status === 'False' ? [plain(condition.message)] : [],
  );
  return [ready, ...besides].join('; ');
}

function stepLines(steps: readonly ToldStep[], paint: Paint, indent = '  '): readonly string[] {
  return steps.flatMap(({ change, what, why }, index) => {
    const [sign, style] = SIGNS[change];
    const number = `${indent}${index + 1}. `;
    return [`${number}${paint(style, `${sign} ${what}`)}`, `${' '.repeat(number.length + 2)}${paint('dim', why)}`];
  });
}

/** The same answer of AWS concerns many: it is told once. */
function unseenBlocks(environments: readonly EnvironmentEntry[], paint: Paint): readonly (readonly string[])[] {
  const unseen = environments.filter((one) => standingOf(one) === 'notSeen');
  const byMessage = Map.groupBy(unseen, ({ trouble }) => plain(trouble?.message ?? ''));
  return [...byMessage].map(([message, ones]) => [
    paint('red', `not seen: ${message}`),
    `  ${ones.map(({ sessionId }) => plain(sessionId)).join(', ')}`,
  ]);
}

function orphanBlock(orphans: OrphansEntry | null, paint: Paint): readonly (readonly string[])[] {
  if (!orphans) return [];
  const { collect, young, blocked, held, trouble, graceSeconds } = orphans;
  const grace = graceSeconds < 60 ? `${graceSeconds} s` : `${Math.round(graceSeconds / 60)} min`;
  const lines = [
    ...(trouble ? [paint('red', `  not seen: ${plain(trouble.message)}`)] : []),
    ...(held ? [paint('yellow', `  ${plain(held.message)}`)] : []),
    ...blocked.map((one) => `  ${nameOf(one)}: left alone: ${plain(one.why ?? '')}`),
    ...young.map((one) => `  ${nameOf(one)}: its task is younger than ${grace}`),
    ...collect.flatMap((one) => [
      `  ${nameOf(one)}: goes once it has been an orphan for ${grace}${taskLater(one)}`,
      ...stepLines(one.steps, paint, '    '),
    ]),
  ];
  return lines.length === 0 ? [] : [[`${paint('bold', 'orphans')}, which no record names`, ...lines]];
}

/** A task that is routed is stopped by a later pass. */
function taskLater({ tasks, steps }: OrphanEntry): string {
  const now = steps.some(({ kind }) => kind === 'stop-task');
  return tasks.length === 0 || now ? '' : ', and its task after its route';
}

function nameOf({ sessionId, name }: OrphanEntry): string {
  return plain(sessionId ?? name);
}

const STANDINGS: Readonly<Record<Exclude<Standing, 'toChange'>, string>> = {
  underWay: 'under way',
  settled: 'settled',
  paused: 'paused',
  notUnderstood: 'not understood',
  notSeen: 'not seen',
};

function summaryLine(summary: Summary, whole: boolean): string {
  const counts = Object.entries(STANDINGS).flatMap(([standing, words]) => {
    const number = summary[standing as keyof typeof STANDINGS];
    return number === 0 ? [] : [`${number} ${words}`];
  });
  const { environments, toChange, orphans, orphansHeld, steps } = summary;
  const parts = [`${toChange} to change`, ...counts].join(', ');
  const todo = steps === 0 ? 'Nothing to do' : `${count(steps, 'step')} to do`;
  const away = orphans === 0 ? '' : ` ${count(orphans, 'orphan')} to take away.`;
  const kept = orphansHeld === 0 ? '' : ` ${count(orphansHeld, 'orphan')} held back.`;
  return `${count(environments, 'environment')}: ${parts}.${away}${kept} ${todo}${whole ? '' : ', as far as was seen'}.`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
