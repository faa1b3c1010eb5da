/** What the local GitHub is started with. */
import { z } from 'zod';
import { type Fork, idOf, type Permission } from './world.ts';

export interface LocalGitHubOptions {
  /** A git repository on this machine, bare or not. It is only read. */
  readonly repoPath: string;
  /** `owner/name`, e.g. `demo/web`. */
  readonly fullName: string;
  readonly webhookSecret: string;
  /** Webhooks go here; without it there are none until `setWebhookUrl`. */
  readonly webhookUrl?: string | undefined;
  /** On 127.0.0.1. Default 3300; 0 for any. */
  readonly port?: number | undefined;
  /** Keeps numbers, labels and comments in `stateDir/github.json`; without it they are forgotten at the end. */
  readonly stateDir?: string | undefined;
  /** When set, the REST API asks for `Authorization: token …` or `Bearer …`. */
  readonly token?: string | undefined;
  /** Between reads of the branches, in milliseconds. Default 500; 0 for only when `refresh` is called. */
  readonly pollMs?: number | undefined;
  /** Branches that are shown as a fork's, so that their pull requests come from there. */
  readonly forks?: readonly Fork[] | undefined;
  /** By login. The owner is admin, the API's own user may write, everybody else may read. */
  readonly permissions?: Readonly<Record<string, Permission>> | undefined;
  /** Buttons of the page. Default `uat`. */
  readonly suggestedLabels?: readonly string[] | undefined;
  /** Default: what `origin` says, else `main`, `master` or HEAD. Remembered in the state file. */
  readonly defaultBranch?: string | undefined;
  /** Default: derived from `fullName`. */
  readonly repoId?: number | undefined;
  /** Requests an hour. Default 5,000, as GitHub's. */
  readonly rateLimit?: number | undefined;
  /** Default 10,000 ms, as GitHub's. */
  readonly webhookTimeoutMs?: number | undefined;
  /** Milliseconds since the epoch; default the system's. */
  readonly now?: (() => number) | undefined;
  readonly log?: ((message: string) => void) | undefined;
}

const part = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?';
const fullName = z.string().regex(new RegExp(`^${part}/${part}$`), 'is not of the form owner/name');
const httpUrl = z.url({ protocol: /^https?$/, error: 'is not an http or https address' });

export const webhookBody = z.strictObject({ url: httpUrl.nullable() });

const options = z.object({
  repoPath: z.string().min(1),
  fullName,
  webhookSecret: z.string().min(1),
  webhookUrl: httpUrl.optional(),
  port: z.int().min(0).max(65_535).default(3_300),
  stateDir: z.string().min(1).optional(),
  token: z.string().min(1).optional(),
  pollMs: z.int().min(0).default(500),
  forks: z
    .array(z.object({ branch: z.string().min(1), repo: fullName.nullable(), repoId: z.int().positive().nullable() }))
    .default([]),
  permissions: z.record(z.string(), z.enum(['admin', 'write', 'read', 'none'])).default({}),
  suggestedLabels: z.array(z.string().min(1)).default(['uat']),
  defaultBranch: z.string().min(1).optional(),
  repoId: z.int().positive().optional(),
  rateLimit: z.int().positive().default(5_000),
  webhookTimeoutMs: z.int().positive().default(10_000),
});

export type Settings = Omit<z.infer<typeof options>, 'repoId'> & {
  readonly repoId: number;
  readonly now: () => number;
  readonly log: (message: string) => void;
};

/** Every default filled in. Throws with each fault named; the message holds no secret. */
export function checkOptions(given: LocalGitHubOptions): Settings {
  const parsed = options.safeParse(given);
  if (!parsed.success) throw new Error(`options of the local GitHub: ${z.prettifyError(parsed.error)}`);
  return {
    ...parsed.data,
    repoId: parsed.data.repoId ?? idOf(parsed.data.fullName),
    now: given.now ?? Date.now,
    log: given.log ?? (() => undefined),
  };
}
