/** The REST API as the operator's port has it: refusals and all, from the state at the moment of the call. */
import { commentsOf, createComment, editComment, findComment } from '../../../src/local/github/comments.ts';
import { RestError } from '../../../src/local/github/errors.ts';
import { API_USER, type World } from '../../../src/local/github/world.ts';
import { GitHubError, type GitHubPort } from '../../../src/github/port.ts';
import type { PullSnapshot } from '../../../src/model/snapshot.ts';

export interface ApiParts {
  /** Of the base repository. */
  readonly world: World;
  /** By full name; undefined when nobody can read such a repository. */
  readonly headOf: (repo: string) => ((branch: string) => string | undefined) | undefined;
  /** Undefined when there is none of this number. */
  readonly snapshot: (pull: number) => PullSnapshot | undefined;
  readonly created: (pull: number) => void;
  readonly updated: (pull: number) => void;
}

export function makeApi({ world, headOf, snapshot, created, updated }: ApiParts): GitHubPort {
  const readable = (repo: string) => {
    const head = headOf(repo);
    if (head) return head;
    const why = 'the repository does not exist, or the token may not read it';
    throw new GitHubError('not-found', why, { status: 404 });
  };
  /** Comments and pull requests are of the base repository; a fork has none. */
  const isBase = (repo: string): boolean => {
    readable(repo);
    return repo.toLowerCase() === world.site.fullName.toLowerCase();
  };
  const pullNumber = (repo: string, number: number): number => (isBase(repo) ? number : 0);

  return {
    branchHead: async (repo, branch) => readable(repo)(branch),
    pull: async (repo, number) => (isBase(repo) ? snapshot(number) : undefined),
    async findComment(repo, number, marker) {
      const found = commentsOf(world, pullNumber(repo, number)).find(({ body }) => body.includes(marker));
      return found && { id: found.id, body: found.body };
    },
    async createComment(repo, number, body) {
      const { id } = refusing(() => createComment(world, pullNumber(repo, number), body, API_USER));
      created(number);
      return { id, body };
    },
    async updateComment(repo, commentId, body) {
      const comment = refusing(() => findComment(world, isBase(repo) ? commentId : 0));
      refusing(() => editComment(world, commentId, body, API_USER));
      updated(comment.number);
    },
  };
}

function refusing<T>(change: () => T): T {
  try {
    return change();
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    const kind = error.status === 404 ? 'not-found' : 'refused';
    throw new GitHubError(kind, error.message, { status: error.status });
  }
}
