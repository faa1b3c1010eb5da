/**
 * A comment as GitHub would show it. GitHub sanitises what it renders; here the browser does: the text lives in a frame
 * of its own that may run nothing, send nothing and lead nowhere but to a new window.
 */
import { createHash } from 'node:crypto';
import { htmlEscape } from 'escape-goat';
import { marked } from 'marked';

const STYLE = `:root { color-scheme: light dark; }
body { margin: 12px 14px; font: 14px/1.5 system-ui, sans-serif; color: light-dark(#1f2328, #f0f6fc); background: light-dark(#fff, #0d1117); overflow-wrap: anywhere; }
h3 { margin: 0 0 10px; } a { color: light-dark(#0969da, #4493f8); }
table { border-collapse: collapse; margin: 0 0 12px; } th, td { padding: 4px 10px; border: 1px solid light-dark(#d1d9e0, #3d444d); text-align: left; }
code, pre { font: 12.5px/1.45 ui-monospace, monospace; background: light-dark(#f6f8fa, #151b23); border-radius: 6px; } code { padding: 2px 5px; }
pre { padding: 10px 12px; overflow: auto; } pre code { padding: 0; }`;

/** For `style-src` of the page, whose policy the frame inherits. */
export const RENDERED_STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

export function renderedFrame(markdown: string): string {
  const html = marked.parse(markdown, { async: false, gfm: true });
  const page = `<!doctype html><meta charset="utf-8"><base target="_blank"><style>${STYLE}</style>${html}`;
  return htmlEscape`<iframe title="the comment" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${page}"></iframe>`;
}
