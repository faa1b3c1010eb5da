/** DynamoDB's errors as the store's three kinds, with what a person can do about the ones that need a person. */
import { StoreError } from './port.ts';

/** Errors that no retry cures, and the cure. */
const CURES: Readonly<Record<string, string>> = {
  ResourceNotFoundException:
    'The table does not exist in this region and account. Check its name under store, and the region, or create it.',
  AccessDeniedException:
    'Allow the operator dynamodb:DescribeTable, GetItem, Scan, PutItem and UpdateItem on its tables (and CreateTable, if it is to create them).',
  UnrecognizedClientException: "The credentials are not known to AWS. Check the operator's credentials and region.",
  InvalidSignatureException: "AWS refuses the signature. Check the operator's secret key and the machine's clock.",
  ExpiredTokenException: "The operator's credentials have expired. Renew them.",
  CredentialsProviderError:
    'No AWS credentials were found. Give the operator a task role, or set them in its environment.',
  ValidationException:
    'If this speaks of the key: it must be a partition key alone, session_id (S) of the records, installation (S) of the lease.',
};

const CONFLICT = 'ConditionalCheckFailedException';

/** Whatever the SDK threw. Throttling, outages, timeouts and broken connections are all `unavailable`. */
export function storeError(error: unknown, operation: string, table: string): StoreError {
  if (error instanceof StoreError) return error;
  const name = error instanceof Error ? error.name : 'Error';
  const said = error instanceof Error && error.message !== '' ? `: ${error.message}` : '';
  const failed = `DynamoDB ${operation} on table ${table} failed with ${name}${said}`;
  if (name === CONFLICT)
    return new StoreError('conflict', `the record in table ${table} was written or deleted in between`, {
      cause: error,
    });
  const cure = Object.hasOwn(CURES, name) ? CURES[name] : undefined;
  if (cure !== undefined) return new StoreError('misconfigured', `${failed}. ${cure}`, { cause: error });
  return new StoreError('unavailable', failed, { cause: error });
}
