/** Why a command ended early, in words that say what to do next. */
import { failed } from '../apply/outcome.ts';
import { AwsError } from '../aws/errors.ts';
import type { ReaderConfig } from '../model/config.ts';
import { toError } from '../runtime/errors.ts';
import { StoreError } from '../store/port.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** What the user asked for cannot be done; the message says what can. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Explained {
  /** Lines for stderr. */
  readonly text: string;
  readonly code: ExitCode;
}

type Where = Pick<ReaderConfig, 'region' | 'awsEndpoint'>;

export function explain(thrown: unknown, where: Where | undefined): Explained {
  const error = toError(thrown);
  if (error instanceof StoreError) return ofStore(error, where);
  if (error instanceof AwsError) return told(error.message, nextStep(failed(error).reason, where));
  if (error instanceof UsageError) return told(error.message);
  return told(error.message, 'This is a fault of Mayfly: please report it, with the command.');
}

function ofStore(error: StoreError, where: Where | undefined): Explained {
  if (error.kind === 'unavailable') return told(error.message, reach(where));
  const cause = causeName(error);
  if (cause === 'AccessDeniedException') return told(error.message, nextStep('AwsDenied', where));
  // Those of the shell, which mayfly.yaml says nothing of: once they are renewed, the same command works.
  if (/Credentials|Token|Client|Signature/.test(cause)) return told(error.message, CREDENTIALS);
  return { ...told(error.message, 'See store.table and aws.region in mayfly.yaml.'), code: EXIT.config };
}

const CREDENTIALS =
  'Commands use the credentials of your shell: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';

/** What a person can do about an answer of AWS, by its reason. */
export function nextStep(reason: string, where: Where | undefined): string {
  switch (reason) {
    case 'AwsUnavailable':
      return reach(where);
    case 'AwsDenied':
      return `${CREDENTIALS} They need the permissions of the operator that read.`;
    case 'Throttled':
      return 'AWS asked to slow down: try again in a minute.';
    default:
      return `Does what mayfly.yaml names exist in region ${where?.region ?? 'unknown'}, in the account of your credentials?`;
  }
}

function reach(where: Where | undefined): string {
  const endpoint = where?.awsEndpoint === undefined ? '' : ` at ${withoutUser(where.awsEndpoint)} (AWS_ENDPOINT_URL)`;
  return `Can AWS be reached from here${endpoint}, region ${where?.region ?? 'unknown'}? Check the network, then try again.`;
}

/** A URL may carry a password. */
function withoutUser(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname === '/' ? '' : pathname}`;
}

function causeName({ cause }: Error): string {
  return cause instanceof Error ? cause.name : '';
}

function told(...lines: readonly string[]): Explained {
  return { text: lines.join('\n'), code: EXIT.error };
}
