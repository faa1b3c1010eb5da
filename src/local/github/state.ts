/** What the local GitHub remembers between runs, and the file it is kept in. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

const stat = z.object({ commits: z.number(), files: z.number(), additions: z.number(), deletions: z.number() });

const pull = z.object({
  id: z.number(),
  number: z.number(),
  branch: z.string(),
  base: z.string(),
  sha: z.string(),
  baseSha: z.string(),
  title: z.string(),
  body: z.string().nullable(),
  author: z.string(),
  state: z.enum(['open', 'closed']),
  /** A pull request that was closed by the loss of its branch comes back with the branch. */
  closedBy: z.enum(['person', 'merge', 'branch-deleted']).nullable(),
  labels: z.array(z.string()),
  stat,
  createdAt: z.string(),
  updatedAt: z.string(),
  closedAt: z.string().nullable(),
});

const reaction = z.object({ id: z.number(), content: z.string(), user: z.string(), createdAt: z.string() });

const comment = z.object({
  id: z.number(),
  number: z.number(),
  author: z.string(),
  body: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  reactions: z.array(reaction),
});

const deploymentStatus = z.object({
  id: z.number(),
  state: z.string(),
  description: z.string(),
  environment: z.string(),
  environmentUrl: z.string(),
  logUrl: z.string(),
  creator: z.string(),
  createdAt: z.string(),
});

const deployment = z.object({
  id: z.number(),
  sha: z.string(),
  ref: z.string(),
  task: z.string(),
  environment: z.string(),
  description: z.string().nullable(),
  payload: z.unknown(),
  transient: z.boolean(),
  production: z.boolean(),
  creator: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  statuses: z.array(deploymentStatus),
});

const state = z.object({
  version: z.literal(1),
  fullName: z.string(),
  defaultBranch: z.string(),
  createdAt: z.string(),
  nextNumber: z.number().int().positive(),
  nextId: z.number().int().positive(),
  /** Commit of each branch when it was last read: what happened since is told by webhooks, also after a restart. */
  refs: z.record(z.string(), z.string()),
  /** Label names by lower case, as GitHub compares them. */
  labels: z.record(z.string(), z.object({ id: z.number(), name: z.string() })),
  pulls: z.array(pull),
  comments: z.array(comment),
  deployments: z.array(deployment),
});

export type State = z.infer<typeof state>;
export type Pull = z.infer<typeof pull>;
export type Comment = z.infer<typeof comment>;
export type Deployment = z.infer<typeof deployment>;
export type DeploymentStatus = z.infer<typeof deploymentStatus>;
export type Reaction = z.infer<typeof reaction>;

export function emptyState(fullName: string, defaultBranch: string, createdAt: string): State {
  return {
    version: 1,
    fullName,
    defaultBranch,
    createdAt,
    nextNumber: 1,
    nextId: 1,
    refs: {},
    labels: {},
    pulls: [],
    comments: [],
    deployments: [],
  };
}

/** Undefined when there is no file yet. A file that does not parse, or is another repository's, is never overwritten. */
export async function loadState(path: string, fullName: string): Promise<State | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const parsed = state.safeParse(parseJson(path, text));
  if (!parsed.success) {
    throw new Error(
      `${path} is not a state file of the local GitHub; remove it to start anew. ${z.prettifyError(parsed.error)}`,
    );
  }
  if (parsed.data.fullName !== fullName) {
    throw new Error(`${path} belongs to ${parsed.data.fullName}, not to ${fullName}; choose another stateDir`);
  }
  return parsed.data;
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is not JSON; remove it to start anew`, { cause });
  }
}

export interface StateFile {
  /** The state changed and is to be written. */
  touch(): void;
  /** Resolves when every change so far is on disk; rejects when it could not be written. */
  saved(): Promise<void>;
}

/** Writes to a neighbour and renames, one write at a time; changes made during a write share the next one. */
export function makeStateFile(path: string, read: () => State): StateFile {
  let version = 0;
  let written = 0;
  let writing: Promise<void> | undefined;

  const write = async (): Promise<void> => {
    const target = version;
    const text = JSON.stringify(read(), null, 1);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.tmp`, text, { mode: 0o600 });
    await rename(`${path}.tmp`, path);
    written = target;
  };

  return {
    touch() {
      version += 1;
    },
    async saved() {
      const wanted = version;
      while (written < wanted) {
        writing ??= write().finally(() => {
          writing = undefined;
        });
        await writing;
      }
    },
  };
}

/** For a local GitHub that forgets everything when it stops. */
export const noStateFile: StateFile = { touch: () => undefined, saved: () => Promise.resolve() };
