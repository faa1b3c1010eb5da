/** The recorder of a local AWS that is started with one: to a file of its state directory, to a listener, or both. */
import { join } from 'node:path';
import type { LocalClock, Service } from '../service.ts';
import type { Home } from './authorisation.ts';
import { openJournal } from './journal.ts';
import { knownFrom } from './known.ts';
import { makeCallRecorder } from './recorder.ts';
import type { CallRecord, CallRecorder } from './recorder.ts';

export interface OpenRecorderOptions extends Home {
  readonly clock: Pick<LocalClock, 'now'>;
  readonly services: readonly Service[];
  readonly stateDir: string | undefined;
  readonly recordCalls?: boolean;
  readonly onCall?: (record: CallRecord) => void;
  readonly log: (line: string) => void;
}

/** Undefined when nobody wants to know; otherwise adds to `closers` what writes the last records. */
export async function openRecorder(
  options: OpenRecorderOptions,
  closers: (() => Promise<void>)[],
): Promise<CallRecorder | undefined> {
  const { account, region, clock, services, stateDir, onCall, log } = options;
  const file = options.recordCalls && stateDir !== undefined ? join(stateDir, 'calls.jsonl') : undefined;
  if (file === undefined && onCall === undefined) return undefined;
  const onError = (error: unknown): void => log(`cannot save ${file}: ${String(error)}`);
  const journal = file === undefined ? undefined : await openJournal<CallRecord>(file, { onError });
  if (journal) closers.push(() => journal.close());
  const write = (record: CallRecord): void => {
    journal?.add(record);
    onCall?.(record);
  };
  return makeCallRecorder({ account, region, clock, known: knownFrom(services), write });
}
