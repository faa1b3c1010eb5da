/** A run as a story: time, who, what, and what came of it. The same bytes on every run of the same seed. */
import type { Finished } from './kernel/calls.ts';
import type { Line } from './kernel/journal.ts';
import type { Violation } from './oracles/oracle.ts';

export interface TraceOptions {
  readonly write: (line: string) => void;
  /** Also what only reads, and the lease. */
  readonly everything: boolean;
}

export function makeTrace({ write, everything }: TraceOptions) {
  const tell = (at: number, who: string, text: string): void => write(`${clockOf(at)}  ${who.padEnd(10)}  ${text}`);
  return {
    onLine: ({ at, actor, text }: Line): void => tell(at, actor, text),
    onCall(call: Finished): void {
      const quiet = call.outcome === 'ok' && (!call.mutates || call.service === 'lease');
      if (everything || !quiet) tell(call.at, call.actor, wordsOf(call));
    },
  };
}

function wordsOf({ service, operation, about, outcome, answeredAt, at, error }: Finished): string {
  const name = service === 'aws' ? (operation.split(':')[1] ?? operation) : operation.replace(':', ' ');
  const end = Number.isFinite(answeredAt) ? `${Math.round(answeredAt - at)} ms` : 'never answered';
  const came = outcome === 'ok' ? '' : ` ✗ ${outcome}`;
  return `${name} ${about}${came} (${end})${error === undefined ? '' : `: ${error}`}`;
}

export function violationLine({ oracle, at, text }: Violation): string {
  return `${clockOf(at)}  ${oracle.toUpperCase().padEnd(10)}  ${text}`;
}

/** `  12:03.456`, in minutes. */
function clockOf(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = ((ms % 60_000) / 1_000).toFixed(3).padStart(6, '0');
  return `${String(minutes).padStart(3)}:${seconds}`;
}
