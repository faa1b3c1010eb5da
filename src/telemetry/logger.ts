/** Structured logs: JSON lines, pretty in a terminal. Every line of a reconcile carries its id and the session id. */
import { createRequire } from 'node:module';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { redactFields, redactLine } from './redact.ts';

export type { Logger };

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** Writes at once, so that nothing is lost at exit. Pretty falls back to JSON where pino-pretty is not installed. */
export function makeLogger(
  level: LogLevel,
  pretty: boolean,
  destination: DestinationStream = pino.destination({ dest: 1, sync: true }),
): Logger {
  const prettify = pretty ? loadPrettify() : undefined;
  const options: LoggerOptions = {
    level,
    // Errors are made plain by `redactFields`, wherever they stand.
    serializers: { err: (error: unknown) => error },
    formatters: { log: redactFields },
    // The bindings of children only show up in the finished line.
    hooks: { streamWrite: (line) => (prettify ?? String)(redactLine(line)) },
  };
  return pino(options, destination);
}

type Prettify = (line: string) => string;

function loadPrettify(): Prettify | undefined {
  try {
    const load = createRequire(import.meta.url);
    const { prettyFactory } = load('pino-pretty') as { prettyFactory: (options: object) => Prettify };
    return prettyFactory({ colorize: process.stdout.isTTY, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
