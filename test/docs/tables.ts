/** The README's reference tables, made of the code that they describe. `npm run docs` writes them; a test holds them. */
import { configTable } from '../../src/config/table.ts';
import { WEBHOOK_REASONS } from '../../src/intake/webhook-reasons.ts';
import { REASONS } from '../../src/model/reasons.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';

type Rows = readonly (readonly string[])[];

function markdown(head: readonly string[], rows: Rows): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string): string => `\`${text}\``;

function config(): string {
  const rows = configTable().map(({ key, type, default: standard, meaning }) => {
    const shown = standard === 'required' || standard === '–' ? standard : code(standard);
    return [code(key), type, shown, meaning];
  });
  return markdown(['key', 'type', 'default', 'meaning'], rows);
}

function reasons(): string {
  return markdown(
    ['reason', 'meaning'],
    Object.entries(REASONS).map(([reason, meaning]) => [code(reason), meaning]),
  );
}

function webhooks(): string {
  const rows = Object.entries(WEBHOOK_REASONS).map(([reason, { status, outcome }]) => [
    code(reason),
    String(status),
    outcome,
  ]);
  return markdown(['reason', 'status', 'outcome'], rows);
}

async function metrics(): Promise<string> {
  const all = await makeMetrics().registry.getMetricsAsJSON();
  return markdown(
    ['metric', 'type', 'meaning'],
    all.map(({ name, type, help }) => [code(name), String(type), help]),
  );
}

/** The text with each table between its markers replaced by what the code says now. Throws on an unknown marker. */
export async function withTables(text: string): Promise<string> {
  const tables: Readonly<Record<string, string>> = {
    config: config(),
    reasons: reasons(),
    webhooks: webhooks(),
    metrics: await metrics(),
  };
  return text.replace(/<!-- table:(\w+) -->[\s\S]*?<!-- \/table -->/g, (_all, name: string) => {
    const table = tables[name];
    if (table === undefined) throw new Error(`README.md asks for the unknown table "${name}"`);
    return `<!-- table:${name} -->\n\n${table}\n\n<!-- /table -->`;
  });
}
