/** The one comment that Mayfly keeps on a pull request or issue. A pure function of the view, so that its hash tells a change. */
import type { Clash, SourceKey } from '../model/environment.ts';
import { REASONS } from '../model/reasons.ts';
import { redactLines } from '../model/redact.ts';
import type { HeldField } from './held.ts';
import { jobRow } from './job-line.ts';
import { code, fence, link, list, oneLine, plainLines, table, words } from './markdown.ts';
import { utc } from './time.ts';
import type { FailureView } from './trouble.ts';
import type { EnvironmentView, SourceView } from './view.ts';

/** GitHub's bound on a comment, in characters. */
export const COMMENT_MAX = 65_536;
const LINE_MAX = 2_000;
/** What a message or a log may take of it. */
const BLOCK_MAX = 20_000;
const ITEMS_MAX = 20;

export interface CommentOptions {
  /** Hidden text by which the comment is found again; see `commentMarker`. */
  readonly marker: string;
  /** Where people see GitHub, e.g. `https://github.com`. */
  readonly webUrl: string;
  /** The pull request or issue that this comment stands on; it matters when it was refused, or asks no longer. */
  readonly source?: SourceKey | undefined;
}

export function renderComment(view: EnvironmentView, options: CommentOptions): string {
  const own = view.sources.find(({ key }) => key === options.source);
  const clash = own || options.source === undefined ? undefined : view.clashes[options.source];
  const parts = clash
    ? nameTaken(view, clash)
    : own?.refused === undefined
      ? standing(view, options, own)
      : refused(own);
  return fitting([options.marker, ...parts.filter((part) => part !== undefined)]);
}

/** Leaves out whole parts that there is no room for, so that no block is ever cut open. */
function fitting(parts: readonly string[]): string {
  return parts.reduce((body, part) => {
    const longer = body === '' ? part : `${body}\n\n${part}`;
    return longer.length <= COMMENT_MAX ? longer : body;
  }, '');
}

function refused({ refused: reason, branch }: SourceView): readonly string[] {
  if (reason === undefined) return [];
  return [
    '<h3>⛔ Not started</h3>',
    `<p>${code(reason)} ${words(REASONS[reason])}</p>`,
    table([['Branch', code(branch)]]),
  ];
}

/** Of the environment only who has the name. */
function nameTaken({ sessionId, repo, branch }: EnvironmentView, clash: Clash): readonly string[] {
  const holder = [branch, repo].flatMap((part) => (part === undefined ? [] : [code(part)])).join(' of ');
  return [
    '<h3>⛔ Not started</h3>',
    `<p>${code('NameTaken')} ${words(REASONS.NameTaken)}</p>`,
    table([
      ['Branch', code(clash.branch)],
      ['Session', code(sessionId)],
      ['Held by', holder === '' ? undefined : holder],
    ]),
  ];
}

function standing(
  view: EnvironmentView,
  options: CommentOptions,
  own: SourceView | undefined,
): readonly (string | undefined)[] {
  return [
    heading(view),
    elsewhere(view, own),
    facts(view, options),
    failure('The start failed', view.failure),
    failure('The update failed', view.updateFailure),
    faults(view),
    held(view.held),
    view.notices.length > 0 ? list(view.notices.map(words)) : undefined,
    view.note === undefined ? undefined : `📌 ${oneLine(view.note, LINE_MAX)}`,
    deployments(view, options),
    view.nextSteps.length > 0 ? `<p><b>What to do next</b></p>\n${list(view.nextSteps.map(words))}` : undefined,
  ];
}

function heading({ headline, state, url, host }: EnvironmentView): string {
  const where = url !== undefined && state !== 'STOPPED' ? ` · ${link(url, words(host ?? url))}` : '';
  return `<h3>${headline.symbol} ${words(headline.title)}${where}</h3>`;
}

/** A pull request that asks no longer learns who keeps the environment. */
function elsewhere({ sources, wanted }: EnvironmentView, own: SourceView | undefined): string | undefined {
  if (!wanted || !own || own.wanted) return undefined;
  const asking = sources.filter((source) => source.wanted).map(({ key }) => code(key));
  const who = asking.length > 0 ? asking.join(', ') : 'a person, by hand';
  return `<p>It is not asked for here any more; it is wanted by ${who}.</p>`;
}

function facts(view: EnvironmentView, options: CommentOptions): string {
  const { branch, imageTag, sessionId, since } = view;
  return table([
    ['Commit', commits(view, options)],
    ['Branch', branch === undefined ? undefined : code(branch)],
    ['Session', code(sessionId)],
    ['Image', imageTag === undefined ? undefined : code(imageTag)],
    ['Since', since === undefined ? undefined : words(utc(since))],
    jobRow(view),
  ]);
}

function commits({ repo, commit, liveCommit }: EnvironmentView, { webUrl }: CommentOptions): string | undefined {
  const shown = (sha: string): string => commitLink(webUrl, repo, sha);
  if (liveCommit !== undefined && commit !== undefined && liveCommit !== commit) {
    return `${shown(liveCommit)} is live, ${shown(commit)} is wanted`;
  }
  const only = liveCommit ?? commit;
  return only === undefined ? undefined : shown(only);
}

function commitLink(webUrl: string, repo: string | undefined, sha: string): string {
  const real = /^[0-9a-f]{7,64}$/.test(sha) && repo !== undefined && /^[\w.-]+\/[\w.-]+$/.test(repo);
  const short = code(sha.slice(0, 7));
  return real ? link(`${webUrl.replace(/\/+$/, '')}/${repo}/commit/${sha}`, short) : short;
}

function failure(title: string, failed: FailureView | undefined): string | undefined {
  if (!failed) return undefined;
  const { reason, meaning, message, commit, retryAt, exitCode, stopCode } = failed;
  const details: readonly (readonly [string, string | undefined])[] = [
    ['Commit', commit && code(commit.slice(0, 7))],
    ['Exit code', exitCode === undefined ? undefined : code(String(exitCode))],
    ['Stop code', stopCode === undefined ? undefined : code(stopCode)],
    ['Next try', retryAt === undefined ? undefined : words(utc(retryAt))],
  ];
  const known = details.some(([, value]) => value !== undefined);
  return [
    `<p><b>${title}</b>: ${code(reason)} ${words(meaning)}</p>`,
    ...(known ? [table(details)] : []),
    ...block(message === meaning ? [] : [message]),
    ...logBlock(failed.logTail ?? []),
  ].join('\n\n');
}

function logBlock(lines: readonly string[]): readonly string[] {
  const shown = block(lines);
  return shown.length > 0 ? ['<p>The last lines of the log:</p>', ...shown] : [];
}

/** As many of the last lines as there is room for, in a fence of their own; nothing when there is nothing to see. */
function block(lines: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let room = BLOCK_MAX;
  for (const line of plainLines(redactLines(lines), LINE_MAX).toReversed()) {
    room -= line.length + 1;
    if (room < 0) break;
    kept.unshift(line);
  }
  return kept.some((line) => line.trim() !== '') ? [fence(kept)] : [];
}

function faults({ faults: found }: EnvironmentView): string | undefined {
  if (found.length === 0) return undefined;
  const items = found
    .slice(0, ITEMS_MAX)
    .map((fault) => `${code(fault.path)}: found ${code(fault.found)}, allowed: ${code(fault.allowed)}`);
  return `<p><b>The record cannot be understood</b></p>\n${list(items)}`;
}

function held(fields: readonly HeldField[]): string | undefined {
  if (fields.length === 0) return undefined;
  const items = fields.slice(0, ITEMS_MAX).map(({ field, value, by, reason, until }) => {
    const more = [
      by === undefined ? undefined : `by ${code(by)}`,
      until === undefined ? undefined : `until ${code(utc(until))}`,
      reason === undefined ? undefined : `because ${code(reason)}`,
    ].filter((part) => part !== undefined);
    return `${code(field)} = ${code(value)}${more.length > 0 ? ` (${more.join(', ')})` : ''}`;
  });
  return `<p><b>Held by hand</b></p>\n${list(items)}`;
}

function deployments({ deployments: all, repo }: EnvironmentView, { webUrl }: CommentOptions): string | undefined {
  if (all.length === 0) return undefined;
  const rows = all
    .slice(0, 5)
    .map(
      ({ commit, imageTag, at }) =>
        `<tr><td>${words(utc(at))}</td><td>${commitLink(webUrl, repo, commit)}</td><td>${code(imageTag)}</td></tr>`,
    );
  return ['<details><summary>Last deployments</summary>', '<table>', ...rows, '</table>', '</details>'].join('\n');
}
