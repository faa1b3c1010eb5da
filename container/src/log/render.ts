/** How lines of the log look to those who read it: `<time> <source> <text>`. */
import { stripVTControlCharacters } from 'node:util';
import type { LogEntry } from './entry.ts';

/** Of an ISO 8601 time in UTC with milliseconds. */
export const TIME_LENGTH = 24;

/** One line for each that the text has, with their ends, without terminal colours. */
export function render({ at, source, text }: LogEntry): string[] {
  const plain = stripVTControlCharacters(text);
  const lines = plain.includes('\n') ? plain.split('\n') : [plain];
  return lines.map((line) => `${at} ${source} ${line}\n`);
}

/** The supervisor's words in the middle of another log. */
export function notice(source: LogEntry['source'], text: string, at: string): string {
  return `${at} ${source} [mayfly] ${text}\n`;
}
