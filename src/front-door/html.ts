/** HTML in which a plain string can only ever be text: what a template inserts is escaped unless it is `Html` itself. */
import { htmlEscape } from 'escape-goat';

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Insertable = string | number | Html | undefined | readonly Insertable[];

/** `html\`<p>${name}</p>\``. Absent values insert nothing; lists insert their members one after the other. */
export function html(literals: TemplateStringsArray, ...values: readonly Insertable[]): Html {
  const parts = values.map((value, index) => `${inserted(value)}${literals[index + 1] ?? ''}`);
  return new Html(`${literals[0] ?? ''}${parts.join('')}`);
}

function inserted(value: Insertable): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(inserted).join('');
  return htmlEscape(String(value));
}
