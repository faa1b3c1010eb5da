/** The frame that every page of the front door has: head, brand, one card, and what the page does by itself. */
import type { Tone } from '../status/headline.ts';
import { Html, html } from './html.ts';
import { SCRIPT } from './page-script.ts';
import { STYLE } from './page-style.ts';

export interface Page {
  readonly title: string;
  readonly tone: Tone;
  /** Shown beside the name, e.g. the session id. */
  readonly place?: string | undefined;
  readonly body: Html;
  /** What a screen reader says when it changes. */
  readonly said: string;
  readonly refreshSeconds: number;
  /** Compared with that of the JSON answer to see whether anything changed. */
  readonly digest: string;
}

/** The browser tab's dot, in colours that are seen on light and dark tabs. */
const TAB_COLOUR: Readonly<Record<Tone, string>> = {
  good: '2da44e',
  busy: '3b82f6',
  warn: 'd48a1c',
  bad: 'e5484d',
  idle: '8a94a3',
};

const LOGO = html`<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"><path d="M11.5 9.5C9 3.5 4.5 2 2.5 3.5S4 11 11.500 11.500"/><path d="M12.500 9.500C15 3.500 19.500 2 21.500 3.500S20 11 12.500 11.500"/><path d="M11.500 12C8 12 5.500 13.500 5.500 15.500s3.500 2 6-1.500"/><path d="M12.500 12c3.500 0 6 1.500 6 3.500s-3.500 2-6-1.500"/><path d="M12 7.500V17M12 17l-2 5M12 17l2 5"/><circle cx="12" cy="6.200" r="1.300" fill="currentColor"/></svg>`;

export function renderPage(page: Page, nonce: string, now: number): string {
  const { title, tone, place, body, said, refreshSeconds } = page;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<noscript><meta http-equiv="refresh" content="${refreshSeconds}"></noscript>
<title>${title}</title>
<link rel="icon" href="${tabIcon(tone)}">
<style nonce="${nonce}">${new Html(STYLE)}</style>
</head>
<body data-refresh="${refreshSeconds}" data-digest="${page.digest}" data-now="${now}">
<div class="brand">${LOGO}<span>Mayfly</span>${place === undefined ? undefined : html`<span class="host mono">${place}</span>`}</div>
<main class="${tone}">${body}</main>
<p id="said" class="sr" role="status" aria-live="polite">${said}</p>
<footer>${footer(page)}</footer>
<script nonce="${nonce}">${new Html(SCRIPT)}</script>
</body>
</html>
`.text;
}

function tabIcon(tone: Tone): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6" fill="#${TAB_COLOUR[tone]}"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

function footer({ tone, refreshSeconds }: Page): string {
  if (refreshSeconds > 5) return 'This page looks again from time to time, and opens the environment when it is there.';
  if (tone === 'busy' || tone === 'good')
    return 'This page updates itself, and opens the environment when it is ready.';
  return 'This page updates itself.';
}

/** A coloured dot with a word, a heading and a sentence: the start of every card. */
export function head(state: string, heading: string, lead: string, elapsed?: Html): Html {
  return html`<section class="head"><div class="state"><span class="dot"></span><span>${state}</span>${elapsed}</div>
<h1>${heading}</h1><p class="lead">${lead}</p></section>`;
}
