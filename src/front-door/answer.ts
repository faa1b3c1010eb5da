/** What the front door answers to one request: a value, so that it can be looked at without a server. */
import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { EnvironmentView } from '../status/view.ts';
import { environmentPage } from './environment-page.ts';
import { factsOf } from './facts.ts';
import { nowherePage, unavailablePage } from './other-pages.ts';
import { type Page, renderPage } from './page.ts';
import { publicView } from './public-view.ts';

/** Carried by every answer of the front door, and by no answer of an environment. */
const FRONT_DOOR_HEADER = 'x-mayfly-front-door';

export const PAGES = ['environment', 'failed', 'stopped', 'nowhere', 'unavailable', 'health'] as const;
/** The metric's label. */
export type PageKind = (typeof PAGES)[number];

export interface Answer {
  readonly kind: PageKind;
  readonly status: 200 | 404 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Audience {
  readonly json: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** JSON is for those who ask for it and not also for HTML; browsers always ask for HTML. */
export function wantsJson({ accept = '' }: IncomingHttpHeaders): boolean {
  return accept.includes('application/json') && !accept.includes('text/html');
}

export function environmentAnswer(whole: EnvironmentView, log: readonly string[], audience: Audience): Answer {
  const view = publicView(whole);
  const facts = factsOf(view, log, audience.now);
  const kind = view.state === 'FAILED' ? 'failed' : view.state === 'STOPPED' ? 'stopped' : 'environment';
  const page = environmentPage(view, facts, audience.now);
  return make({ kind, status: 503, page, json: facts }, audience);
}

export function nowhereAnswer(audience: Audience): Answer {
  const page = nowherePage();
  const json = { error: 'There is no environment at this address.', ...polling(page) };
  return make({ kind: 'nowhere', status: 404, page, json }, audience);
}

export function unavailableAnswer(audience: Audience): Answer {
  const page = unavailablePage();
  const json = { error: 'The status of the environment is not known right now.', ...polling(page) };
  return make({ kind: 'unavailable', status: 503, page, json }, audience);
}

export function healthAnswer(): Answer {
  const headers = { ...COMMON_HEADERS, 'content-type': 'text/plain; charset=utf-8' };
  return { kind: 'health', status: 200, headers, body: 'ok\n' };
}

const COMMON_HEADERS: Readonly<Record<string, string>> = {
  [FRONT_DOOR_HEADER]: '1',
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex, nofollow',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  vary: 'Accept',
};

interface Content {
  readonly kind: PageKind;
  readonly status: 404 | 503;
  readonly page: Page;
  readonly json: object;
}

function make({ kind, status, page, json }: Content, audience: Audience): Answer {
  const headers = status === 503 ? { ...COMMON_HEADERS, 'retry-after': String(page.refreshSeconds) } : COMMON_HEADERS;
  if (audience.json) {
    const body = `${JSON.stringify(json)}\n`;
    return { kind, status, headers: { ...headers, 'content-type': 'application/json; charset=utf-8' }, body };
  }
  const nonce = randomBytes(16).toString('base64url');
  return {
    kind,
    status,
    headers: { ...headers, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy(nonce) },
    body: renderPage(page, nonce, audience.now),
  };
}

/** Nothing but the page's own style and script, its tab icon, and asking its own address again. */
function policy(nonce: string): string {
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** What the page's script reads from every JSON answer. */
function polling({ digest, refreshSeconds }: Page): { digest: string; retryAfterSeconds: number } {
  return { digest, retryAfterSeconds: refreshSeconds };
}
