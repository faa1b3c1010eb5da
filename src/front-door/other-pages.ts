/** Pages without an environment to show: an address that leads nowhere, and a store that does not answer. */
import { html } from './html.ts';
import { head, type Page } from './page.ts';

/** Says nothing about which environments exist. Looks again slowly, since a label may have been put on just now. */
export function nowherePage(): Page {
  const heading = 'There is no environment here';
  return {
    title: 'No environment here',
    tone: 'idle',
    said: heading,
    refreshSeconds: 15,
    digest: 'nowhere',
    body: html`${head('Not found', heading, 'This address does not belong to any environment.')}
<section><h2>What to do next</h2><ul class="next">
<li>Take the address from the comment on the pull request.</li>
<li>If the label was put on just now, wait a moment.</li>
</ul></section>`,
  };
}

export function unavailablePage(): Page {
  const heading = 'The status is not known right now';
  const lead = 'Mayfly cannot read its records at the moment. The environment itself is not affected by that.';
  return {
    title: 'Status unknown',
    tone: 'warn',
    said: heading,
    refreshSeconds: 5,
    digest: 'unavailable',
    body: html`${head('Unknown', heading, lead)}`,
  };
}
