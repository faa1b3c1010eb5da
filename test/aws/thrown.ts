import { AwsError } from '../../src/aws/errors.ts';

/** The AwsError that a promise rejects with; fails the test when it resolves or rejects with anything else. */
export async function thrownBy(promise: Promise<unknown>): Promise<AwsError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
  if (outcome instanceof AwsError) return outcome;
  throw new Error('expected an AwsError', { cause: outcome });
}
