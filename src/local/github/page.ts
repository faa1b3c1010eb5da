/** The page for people: pull requests with their labels, state and last comment, and small forms to change them. */
import { htmlEscape } from 'escape-goat';
import { commentsOf } from './comments.ts';
import type { DeliveryLine } from './deliveries.ts';
import { renderedFrame } from './rendered.ts';
import type { Comment, Pull } from './state.ts';
import { forkOf, type World } from './world.ts';

export interface PageView {
  readonly world: World;
  readonly deliveries: readonly DeliveryLine[];
  readonly webhookUrl: string | undefined;
  readonly suggestedLabels: readonly string[];
  /** Allows the page's own style and script, and no other. */
  readonly nonce: string;
}

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d1d9e0, #3d444d); --soft: light-dark(#f6f8fa, #151b23);
  --ink: light-dark(#1f2328, #f0f6fc); --faint: light-dark(#59636e, #9198a1); --page: light-dark(#fff, #0d1117);
  --green: light-dark(#1a7f37, #3fb950); --red: light-dark(#cf222e, #f85149); --violet: light-dark(#8250df, #ab7df8); }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; background: var(--page); color: var(--ink); }
header { padding: 14px 24px; background: var(--soft); border-bottom: 1px solid var(--line); }
header p, .faint { color: var(--faint); margin: 0; font-size: 13px; }
main { max-width: 980px; margin: 24px auto; padding: 0 24px; display: grid; gap: 16px; }
h1 { font-size: 20px; margin: 0; } h2 { font-size: 16px; margin: 0; }
article { border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; display: grid; gap: 10px; }
article:target { border-color: var(--green); }
.row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.state { border-radius: 99px; padding: 1px 10px; color: #fff; font-size: 13px; background: var(--green); }
.state.closed { background: var(--red); } .state.merged { background: var(--violet); }
code { font: 13px/1.45 ui-monospace, monospace; }
code { background: var(--soft); border-radius: 6px; padding: 2px 6px; overflow-wrap: anywhere; }
iframe { display: block; width: 100%; height: 24em; border: 1px solid var(--line); border-radius: 8px; resize: vertical; }
form { display: inline-flex; gap: 6px; margin: 0; } form.wide { display: flex; }
input { font: inherit; padding: 3px 8px; border: 1px solid var(--line); border-radius: 6px; background: var(--page); color: inherit; min-width: 0; }
form.wide input { flex: 1; }
button { font: inherit; font-size: 14px; padding: 3px 12px; border: 1px solid var(--line); border-radius: 6px; background: var(--soft); color: inherit; cursor: pointer; }
button:hover { border-color: var(--faint); }
button.label { border-radius: 99px; border-color: var(--green); } button.label::after { content: " ×"; color: var(--faint); }
table { border-collapse: collapse; width: 100%; font-size: 13px; } td { padding: 3px 8px 3px 0; border-top: 1px solid var(--line); }
.bad { color: var(--red); }
`;

/** Shows what changed, unless somebody is typing. */
const SCRIPT = `
setInterval(async () => {
  const busy = [...document.querySelectorAll('input')].some((one) => one.value !== one.defaultValue);
  if (busy || document.hidden || document.activeElement?.matches('input, button') || String(getSelection())) return;
  const answer = await fetch(location.pathname).catch(() => undefined);
  if (!answer?.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main');
  const now = document.querySelector('main');
  if (next && next.innerHTML !== now.innerHTML) now.replaceWith(next);
}, 1500);
`;

export function renderPage(view: PageView): string {
  const { world, nonce } = view;
  const title = htmlEscape(world.site.fullName);
  const pulls = [...world.state.pulls].sort(
    (a, b) => Number(a.state === 'closed') - Number(b.state === 'closed') || b.number - a.number,
  );
  const hook = view.webhookUrl === undefined ? 'no webhook' : `webhooks to ${view.webhookUrl}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · pull requests</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<header>
<h1>${title}</h1>
${htmlEscape`<p>A GitHub of your own, over ${world.site.repoPath} · ${hook}</p>`}
</header>
<main>
${pulls.map((pull) => pullCard(view, pull)).join('\n') || EMPTY}
${deliveryTable(view.deliveries)}
</main>
<script nonce="${nonce}">${SCRIPT}</script>
</body>
</html>
`;
}

const EMPTY = '<p class="faint">No pull requests: every branch but the default one would be shown here.</p>';

function stateOf(pull: Pull): string {
  return pull.closedBy === 'merge' ? 'merged' : pull.state;
}

function pullCard(view: PageView, pull: Pull): string {
  const { site } = view.world;
  const fork = forkOf(site, pull.branch);
  const from = fork === undefined ? pull.branch : `${fork.repo ?? 'a deleted fork'}:${pull.branch}`;
  const last = commentsOf(view.world, pull.number).at(-1);
  return `<article id="pull-${pull.number}">
<div class="row">${htmlEscape`<span class="state ${stateOf(pull)}">${stateOf(pull)}</span> <h2>${pull.title}</h2> <span class="faint">#${pull.number}</span>`}</div>
<div class="row">${htmlEscape`<code>${from}</code> <code>${pull.sha.slice(0, 7)}</code> <span class="faint">by ${pull.author} · ${pull.updatedAt}</span>`}</div>
<div class="row">${labelForms(view, pull)} ${stateForm(pull)}</div>
${last === undefined ? '' : commentBlock(last)}
<form class="wide" method="post" action="/_ui/pulls/${pull.number}/comments"><input name="body" placeholder="Comment" aria-label="Comment" autocomplete="off" required><button>Comment</button></form>
</article>`;
}

function labelForms(view: PageView, pull: Pull): string {
  const action = `/_ui/pulls/${pull.number}/labels`;
  const remove = pull.labels.map(
    (label) =>
      htmlEscape`<form method="post" action="${action}/remove"><button class="label" name="label" value="${label}" title="Remove the label ${label}">${label}</button></form>`,
  );
  const suggested = view.suggestedLabels.filter((label) => !pull.labels.includes(label));
  const add = suggested.map(
    (label) =>
      htmlEscape`<form method="post" action="${action}"><button name="label" value="${label}">+ ${label}</button></form>`,
  );
  const other = `<form method="post" action="${action}"><input name="label" placeholder="other label" aria-label="Label" size="10" maxlength="50" autocomplete="off" required><button>Add</button></form>`;
  return [...remove, ...add, other].join(' ');
}

function stateForm(pull: Pull): string {
  if (pull.closedBy === 'merge') return '';
  const [state, text] = pull.state === 'open' ? ['closed', 'Close'] : ['open', 'Reopen'];
  return `<form method="post" action="/_ui/pulls/${pull.number}/state"><button name="state" value="${state}">${text}</button></form>`;
}

function commentBlock(comment: Comment): string {
  const heading = htmlEscape`<p class="faint">${comment.author} · ${comment.updatedAt}</p>`;
  return `<div>${heading}${renderedFrame(comment.body)}</div>`;
}

function deliveryTable(deliveries: readonly DeliveryLine[]): string {
  if (deliveries.length === 0) return '';
  return `<article><h2>Webhook deliveries</h2><table>${deliveries.slice(0, 10).map(deliveryRow).join('')}</table></article>`;
}

function deliveryRow(delivery: DeliveryLine): string {
  const name = delivery.action === null ? delivery.event : `${delivery.event}.${delivery.action}`;
  const tone = !['OK', 'pending'].includes(delivery.status) ? 'bad' : 'faint';
  const again = delivery.redelivery ? ' (again)' : '';
  const cells = htmlEscape`<td>${name}${again}</td><td class="${tone}">${delivery.status}</td><td class="faint">${delivery.delivered_at}</td>`;
  const form = `<form method="post" action="/_ui/deliveries/${delivery.id}/redeliver"><button>Redeliver</button></form>`;
  return `<tr>${cells}<td>${form}</td></tr>`;
}

export function renderError(message: string): string {
  return htmlEscape`<!doctype html><meta charset="utf-8"><title>Not done</title><p>${message}</p><p><a href="/">Back</a></p>`;
}
