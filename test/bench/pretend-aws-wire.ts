/** What the process of `pretend-aws.ts` and whoever starts it agree on. */
export const PRETEND_AWS = {
  account: '000000000000',
  region: 'us-east-1',
  subnet: 'subnet-a',
  repository: 'web',
} as const;

export interface PretendAwsReady {
  readonly endpoint: string;
}
