/**
 * Text that others wrote, made safe to stand in a GitHub comment.
 *
 * GitHub turns `@name`, `#12`, commit ids and addresses in the *rendered* text into links and notifications, whatever
 * Markdown escape or character reference they were written with; only code is left alone. So foreign text stands in
 * `<code>` within an HTML block, where no Markdown is parsed (a block ends at a blank line, hence the single lines), or in
 * a fence that is longer than any run of backticks in it.
 */
import { stripVTControlCharacters } from 'node:util';
import { htmlEscape } from 'escape-goat';

/** Control characters, and those that reorder or hide text. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/** One line of at most `max` characters without anything invisible. */
export function oneLine(text: string, max: number): string {
  const line = stripVTControlCharacters(text.toWellFormed()).replace(/\s+/g, ' ').replace(INVISIBLE, '').trim();
  return clip(line, max);
}

/** Several lines; tabs and line ends are kept, colours of a terminal are taken out. */
export function plainLines(lines: readonly string[], maxLine: number): readonly string[] {
  return lines.flatMap((line) => line.toWellFormed().split(/\r\n|[\r\n]/)).map((line) => clip(visible(line), maxLine));
}

function visible(line: string): string {
  return stripVTControlCharacters(line).replaceAll('\t', '    ').replace(INVISIBLE, '');
}

function clip(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max - 1).toWellFormed()}…` : text;
}

/** Foreign text in a line of HTML. */
export function code(text: string, max = 255): string {
  return `<code>${htmlEscape(oneLine(text, max))}</code>`;
}

/** Our own sentence, which may quote a name from the configuration: escaped, and nothing in it becomes a mention. */
export function words(text: string): string {
  return htmlEscape(oneLine(text, 1000)).replace(/[@#]/g, '$&\u2060');
}

/** A link to an address of our own making; anything but http and https is shown as code instead. */
export function link(url: string, html: string): string {
  return /^https?:\/\//.test(url) ? `<a href="${htmlEscape(oneLine(url, 2000))}">${html}</a>` : code(url);
}

/** A fenced block that its content cannot end. */
export function fence(lines: readonly string[]): string {
  const runs = lines.flatMap((line) => line.match(/`+/g) ?? []);
  const mark = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return `${mark}text\n${lines.join('\n')}\n${mark}`;
}

/** Rows of finished HTML as one block; rows without a value are left out. */
export function table(rows: readonly (readonly [string, string | undefined])[]): string {
  const lines = rows.flatMap(([name, html]) =>
    html === undefined ? [] : [`<tr><th align="left">${name}</th><td>${html}</td></tr>`],
  );
  return ['<table>', ...lines, '</table>'].join('\n');
}

export function list(items: readonly string[]): string {
  return ['<ul>', ...items.map((item) => `<li>${item}</li>`), '</ul>'].join('\n');
}
