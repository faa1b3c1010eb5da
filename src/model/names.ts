/**
 * Every name that Mayfly gives, in one place (DESIGN §4). Two truncators that disagree are a known source of
 * cross-environment bugs (RELIABILITY story 17), so no other module builds a name.
 */
import { digest } from './digest.ts';
import type { Listener } from './project.ts';

const SESSION_MAX = 50;
const HASH_DIGITS = 8;

/** Lower case letters and digits, no hyphen: what makes names scoped by it unambiguous. */
export const INSTALLATION_PATTERN = /^[a-z][a-z0-9]{0,11}$/;
export const SESSION_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/;

/** A branch as a DNS label: accents dropped, everything else that is not a letter or digit becomes one hyphen. */
export function slug(branch: string): string {
  return branch
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

export interface Head {
  /** Numeric id of the head repository: survives renames, and is never reused by GitHub. */
  readonly repoId: number;
  readonly branch: string;
  readonly fork: boolean;
}

/**
 * `{prefix}-{slug(branch)}`, at most 50 characters, a valid DNS label. A branch that is a clean label already keeps its
 * plain name; one that was changed in any way or cut, and every fork's, ends in a hash of (repository id, full branch).
 * A clean name that itself ends like such a hash is hashed too, so that nobody can claim another branch's hashed name.
 */
export function sessionId(prefix: string, head: Head): string {
  const label = slug(head.branch);
  const plain = `${prefix}-${label}`;
  const looksHashed = new RegExp(`-[0-9a-f]{${HASH_DIGITS}}$`).test(plain);
  const clean = label === head.branch && plain.length <= SESSION_MAX && !looksHashed;
  if (clean && !head.fork) return plain;
  const hash = digest(`${head.repoId}\n${head.branch}`, HASH_DIGITS);
  const stem = plain.slice(0, SESSION_MAX - HASH_DIGITS - 1).replace(/-+$/, '');
  return `${stem}-${hash}`;
}

export function hostOf(listener: Listener, session: string): string {
  return `${session}.${listener.domain}`;
}

export function urlOf(listener: Listener, session: string): string {
  return listener.url.replaceAll('{host}', hostOf(listener, session));
}

/** The session that a Host header names on this domain, or undefined. The port, if any, is ignored. */
export function sessionOfHost(domain: string, host: string): string | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  const suffix = `.${domain}`;
  if (!name.endsWith(suffix)) return undefined;
  const session = name.slice(0, -suffix.length);
  return SESSION_PATTERN.test(session) ? session : undefined;
}

/** At most 32 characters of A–Z a–z 0–9 and inner hyphens. AWS-FACTS ELBv2 "CreateTargetGroup". */
export function targetGroupName(installation: string, session: string): string {
  return `${targetGroupPrefix(installation)}${digest(session, 12)}`;
}

/** The start of every target group name of this installation, and of no other: an installation has no hyphen. */
export function targetGroupPrefix(installation: string): string {
  return `mf-${installation}-`;
}

/** arn:aws:elasticloadbalancing:R:A:targetgroup/NAME/ID */
export function nameOfTargetGroup(arn: string): string | undefined {
  return /:targetgroup\/([^/]+)\//.exec(arn)?.[1];
}

/** `startedBy` of every task of this installation. AWS-FACTS ECS "startedBy". */
export function startedBy(installation: string): string {
  return `mayfly/${installation}`;
}

const COMMENT_MARK = '<!-- mayfly:';

/** Hidden text by which Mayfly's comment is found again: an installation writes one a session. */
export function commentMarker(installation: string, session: string): string {
  // Only what a session may have; anything else could end the hidden text.
  return `${COMMENT_MARK}${installation}:${session.replace(/[^a-z0-9-]/g, '_')} -->`;
}

/** Written by Mayfly, of whatever installation. */
export function isOwnComment(body: string): boolean {
  return body.startsWith(COMMENT_MARK);
}

const OWN_STOP = 'Mayfly: ';

/** The reason given to StopTask; an end with such a reason is no failure of the task. */
export function stopReason(why: string): string {
  return `${OWN_STOP}${why}`;
}

export function isOwnStop(stoppedReason: string): boolean {
  return stoppedReason.startsWith(OWN_STOP);
}

/** One family for each (project, base revision, image): registering is serialised by it, and revisions are shared. */
export function derivedFamily(installation: string, project: string, baseArn: string, image: string): string {
  return `mayfly-${installation}-${digest(`${project}\n${baseArn}\n${image}`, 20)}`;
}

/** Where the search for a free rule priority starts; 1–999 stay free for fixed and foreign rules. */
export const PRIORITY_BASE = 1_000;
export const PRIORITY_MAX = 50_000;

export function firstPriority(session: string): number {
  return PRIORITY_BASE + (Number.parseInt(digest(session, 8), 16) % (PRIORITY_MAX - PRIORITY_BASE + 1));
}

/** At most 64 characters; differs for every attempt, also when two operators plan the same attempt number. */
export function clientToken(session: string, attempt: number, taskHash: string, requestedAt: string): string {
  return `mf-${digest(`${session}\n${attempt}\n${taskHash}\n${requestedAt}`, 48)}`;
}
