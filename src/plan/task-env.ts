/** The environment of a task: exactly Mayfly's eight variables, the public key, and the project's own. */
import { resolveEnv } from '../model/expand-env.ts';
import { urlOf } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import type { Effective } from './effective.ts';

export interface TaskEnvInput {
  readonly effective: Effective;
  readonly project: Project;
  readonly sessionId: string;
  readonly repo: string;
  readonly publicKey: string;
}

export function taskEnv(context: TaskEnvInput): Readonly<Record<string, string>> {
  const { effective, project, sessionId, repo } = context;
  const builtins = {
    SESSION_ID: sessionId,
    REPO: repo,
    BRANCH: effective.branch,
    COMMIT: effective.commit ?? '',
    PR_NUMBER: effective.pullNumber === undefined ? '' : String(effective.pullNumber),
    PUBLIC_URL: urlOf(project.listener, sessionId),
    PORT: String(project.port),
    NODE_ENV: 'production',
  };
  return {
    NODE_ENV: builtins.NODE_ENV,
    ...resolveEnv({ ...project.env, ...effective.env }, builtins),
    ...withoutNodeEnv(builtins),
    MAYFLY_PUBLIC_KEY: context.publicKey,
  };
}

/** NODE_ENV is a default that a project may change; the other names are Mayfly's. */
function withoutNodeEnv({
  NODE_ENV: _default,
  ...rest
}: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return rest;
}
