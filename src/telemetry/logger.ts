/** Structured logs: JSON lines, pretty in a terminal. Every line of a reconcile carries its id and the session id. */
import { type Logger, pino } from 'pino';

export type { Logger };

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** Header and field names whose values never reach a log. */
const SECRET_PATHS = [
  'token',
  '*.token',
  'secret',
  '*.secret',
  'password',
  '*.password',
  'headers.authorization',
  '*.headers.authorization',
];

export function makeLogger(level: LogLevel, pretty: boolean): Logger {
  const options = { level, redact: { paths: SECRET_PATHS, censor: '[redacted]' } };
  if (!pretty) return pino(options);
  return pino({
    ...options,
    transport: {
      target: 'pino-pretty',
      options: { colorize: true, translateTime: 'HH:MM:ss', ignore: 'pid,hostname' },
    },
  });
}
