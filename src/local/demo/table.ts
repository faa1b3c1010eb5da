/** The live table of the demo: redrawn in place in a terminal, one line for each change elsewhere. */
import Table from 'cli-table3';
import logUpdate from 'log-update';
import type { EnvironmentReport, Stack } from './stack.ts';

export interface LiveTable {
  /** Prints lines above the table. */
  say(text: string): void;
  stop(): void;
}

const EVERY_MS = 500;

export function startTable(stack: Stack, out: NodeJS.WriteStream): LiveTable {
  let picture = '';
  const redraw = (reports: readonly EnvironmentReport[]): void => {
    picture = tableOf(reports);
    logUpdate(picture);
  };
  const show = out.isTTY ? redraw : printChanges(out);
  const timer = setInterval(() => {
    // Between a kill of the operator and its restart nobody answers: the last picture stays.
    stack.environments().then(show, () => undefined);
  }, EVERY_MS);
  return {
    say(text) {
      if (out.isTTY) logUpdate.clear();
      out.write(`${text}\n`);
      if (out.isTTY && picture) logUpdate(picture);
    },
    stop() {
      clearInterval(timer);
      if (out.isTTY) logUpdate.done();
    },
  };
}

function tableOf(reports: readonly EnvironmentReport[]): string {
  const table = new Table({
    head: ['environment', 'state', 'why', 'commit', 'since', 'url'],
    style: { head: [], border: ['grey'] },
  });
  for (const report of reports) table.push(rowOf(report));
  return reports.length > 0 ? table.toString() : '(no environment yet)';
}

function printChanges(out: NodeJS.WriteStream): (reports: readonly EnvironmentReport[]) => void {
  const printed = new Map<string, string>();
  return (reports) => {
    for (const report of reports) {
      const [session, state, why, commit, , url] = rowOf(report);
      const line = `${session}  ${state}  ${why}  ${commit}  ${url}`;
      if (printed.get(report.sessionId) === line) continue;
      printed.set(report.sessionId, line);
      out.write(`${new Date().toISOString()}  ${line}\n`);
    }
  };
}

function rowOf(report: EnvironmentReport): string[] {
  const { sessionId, state, commit, liveCommit, wantedAt, url = '' } = report;
  const since = wantedAt === undefined ? '' : `${Math.round((Date.now() - Date.parse(wantedAt)) / 1_000)} s`;
  return [sessionId, state, reasonOf(report), (liveCommit ?? commit ?? '').slice(0, 7), since, url];
}

/** The reason of the condition that says most: what is not as it should be, else `Ready`. */
function reasonOf({ state, conditions }: EnvironmentReport): string {
  const order =
    state === 'STOPPED' || state === 'STOPPING'
      ? ['Accepted', 'Removed']
      : ['Accepted', 'ImageAvailable', 'Ready', 'UpToDate'];
  const telling = order.map((type) => conditions.find((condition) => condition.type === type));
  return (
    (
      telling.find((condition) => condition?.status === 'False') ??
      telling.findLast((condition) => condition !== undefined)
    )?.reason ?? ''
  );
}
