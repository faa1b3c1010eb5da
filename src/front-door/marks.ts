/** The marks of what is done and of what failed. */
import { html } from './html.ts';

export const TICK = html`<svg viewBox="0 0 12 12" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="m2.500 6.500 2.300 2.300 4.700-5.300"/></svg>`;
export const CROSS = html`<svg viewBox="0 0 12 12" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"><path d="m3 3 6 6M9 3 3 9"/></svg>`;
