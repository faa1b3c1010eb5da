/** Which of Mayfly's variables a build's output may hold. */
import { makeFilter, pathspecsOf } from './inputs.ts';
import { MAYFLY_VARIABLES } from './keys.ts';
import type { Inputs } from './recipe.ts';
import type { Repo } from './repo.ts';
import { UNREAD } from './unread.ts';

const NAMES = `(^|[^A-Za-z0-9_])(${MAYFLY_VARIABLES.join('|')})[A-Za-z0-9_]*`;
/** Builds that ask git for the commit or the branch. */
const GIT = [
  'rev-parse',
  'git (describe|log|show|branch)',
  '["\'`]git["\'`]',
  'simple-git|git-rev-sync|isomorphic-git|git-describe|git-revision|git-last-commit|nodegit',
  '\\.git/',
].join('|');
/** All of them at once. */
const WHOLE_ENVIRONMENT = 'stringify\\( *process\\.env *\\)';

export async function variablesOf(repo: Repo, inputs: Inputs): Promise<readonly string[]> {
  const included = makeFilter(inputs);
  const pathspecs = [...pathspecsOf(inputs), ...UNREAD];
  const found = await repo.source.grep(`${NAMES}|${GIT}|${WHOLE_ENVIRONMENT}`, pathspecs);
  const texts = new Set(found.filter(({ path }) => included(path)).map(({ text }) => text));
  const read = new Set([...texts].flatMap(variablesIn));
  return MAYFLY_VARIABLES.filter((name) => read.has(name));
}

function variablesIn(text: string): readonly string[] {
  if (text.startsWith('stringify')) return MAYFLY_VARIABLES;
  if (new RegExp(`^(?:${GIT})$`).test(text)) return ['COMMIT', 'BRANCH'];
  return [text.replace(/^[^A-Z]+/, '')];
}
