/** What `npm run conformance` is told by flags and environment, checked before anything is asked of AWS. */
import type { EndpointOptions } from './endpoint.ts';

export interface Flags {
  readonly endpoint?: string;
  readonly region?: string;
  readonly vpc?: string;
  readonly subnets?: string;
  readonly securityGroup?: string;
  readonly image?: string;
  readonly missingImage?: string;
  readonly executionRole?: string;
  readonly implementation?: string;
  readonly dynamodb?: string;
  readonly patience?: number;
  readonly yesThisIsMyAccount?: boolean;
}

/** Something is missing, or not as it should be; the message says what to give. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const LOCAL_IMAGE = '000000000000.dkr.ecr.us-east-1.amazonaws.com/mayfly';

/** As `npm run local -- aws` has it. */
const LOCAL = {
  region: 'us-east-1',
  vpc: 'vpc-local',
  subnets: 'subnet-local',
  securityGroup: 'sg-local',
  image: `${LOCAL_IMAGE}:latest`,
  missingImage: `${LOCAL_IMAGE}:none`,
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws SettingsError, which names everything that is missing at once. */
export function readSettings(flags: Flags, env: Environment): Omit<EndpointOptions, 'runId'> {
  const endpoint = flags.endpoint ?? env['AWS_ENDPOINT_URL'];
  const local = endpoint !== undefined && isLoopback(endpoint);
  if (endpoint === undefined && !flags.yesThisIsMyAccount) {
    throw new SettingsError(
      'Without AWS_ENDPOINT_URL this runs on AWS itself: it makes clusters, tasks, load balancers and tables there, ' +
        'and AWS bills for them. Give --yes-this-is-my-account if that is what you want, or an endpoint: ' +
        'npm run local -- aws, and then AWS_ENDPOINT_URL=http://127.0.0.1:4566 npm run conformance.',
    );
  }
  const needed = { region: env['AWS_REGION'], ...(local && LOCAL), ...given(flags) };
  const { region, vpc, subnets, securityGroup, image, missingImage, executionRole } = required(needed);
  return {
    endpoint,
    region,
    ...(local && { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
    implementations: {
      aws: flags.implementation ?? (endpoint === undefined ? 'aws' : 'mayfly-local'),
      dynamodb: flags.dynamodb ?? (endpoint === undefined ? 'aws' : 'dynalite'),
    },
    surroundings: { vpc, subnets: subnets.split(','), securityGroup, image, missingImage, executionRole },
    stepMs: local ? 50 : 2_000,
    patienceMs: (flags.patience ?? (local ? 30 : 600)) * 1_000,
    maxAttempts: 30,
  };
}

const NEEDED = {
  region: '--region or AWS_REGION',
  vpc: '--vpc: of the subnets',
  subnets: '--subnets: two in different zones, with a way to the image, separated by a comma',
  securityGroup: '--security-group: of the tasks and the load balancer',
  image: '--image: with sh and sleep, and no entry point, e.g. public.ecr.aws/docker/library/busybox:latest',
  missingImage: '--missing-image: a tag that does not exist, of a registry that answers',
} as const;

type Needed = Record<keyof typeof NEEDED, string> & { readonly executionRole?: string };

function required(found: Readonly<Record<string, string | undefined>>): Needed {
  const missing = Object.entries(NEEDED).filter(([name]) => (found[name] ?? '') === '');
  if (missing.length === 0) return found as Needed;
  throw new SettingsError(['These are missing:', ...missing.map(([, what]) => `  ${what}`)].join('\n'));
}

function given(flags: Flags): Readonly<Record<string, string>> {
  const { region, vpc, subnets, securityGroup, image, missingImage, executionRole } = flags;
  const named = { region, vpc, subnets, securityGroup, image, missingImage, executionRole };
  return Object.fromEntries(Object.entries(named).filter((one): one is [string, string] => one[1] !== undefined));
}

/** Throws SettingsError for what is no URL. */
function isLoopback(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) throw new SettingsError(`The endpoint must be a URL; found '${endpoint}'`);
  const { hostname } = new URL(endpoint);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
