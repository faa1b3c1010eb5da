/** The README's reference tables, made of the code that they describe. `npm run docs` writes them; a test holds them. */
import { runCli } from '../../src/cli/program.ts';
import { configTable } from '../../src/config/table.ts';
import { WEBHOOK_REASONS } from '../../src/intake/webhook-reasons.ts';
import { REASONS } from '../../src/model/reasons.ts';
import { systemClock } from '../../src/runtime/clock.ts';
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

/** What `mayfly VERB --help` prints, as a block of code. */
async function help(verb: string): Promise<string> {
  let printed = '';
  const output = { write: (text: string) => void (printed += text) };
  const files = (): never => {
    throw new Error('help reads no file');
  };
  await runCli([verb, '--help'], { stdout: output, stderr: output, env: {}, readFile: files, clock: systemClock });
  return ['```text', printed.trim(), '```'].join('\n');
}

async function withHelp(text: string): Promise<string> {
  const marker = /<!-- help:(\w+) -->[\s\S]*?<!-- \/help -->/g;
  const verbs = [...text.matchAll(marker)].map(([, verb = '']) => verb);
  const helps = new Map(await Promise.all(verbs.map(async (verb) => [verb, await help(verb)] as const)));
  return text.replace(marker, (_all, verb: string) => {
    return `<!-- help:${verb} -->\n\n${helps.get(verb)}\n\n<!-- /help -->`;
  });
}

/** The text with each table, and each help, between its markers replaced by what the code says now. */
export async function withTables(text: string): Promise<string> {
  return await withHelp(await withReferenceTables(text));
}

/** Throws on an unknown marker. */
async function withReferenceTables(text: string): Promise<string> {
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
