/** The REST API: what is common to its routes, and the routes of the repository itself. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { notFound, RestError } from './errors.ts';
import { type Branch, readBranches, readCommit, resolveCommit } from './git.ts';
import { checkToken, finishAnswer, paginate, parseJson, RateLimit, sendError } from './http.ts';
import { deploymentRoutes } from './rest-deployments.ts';
import { issueRoutes } from './rest-issues.ts';
import { pullRoutes } from './rest-pulls.ts';
import { apiUrl, commitJson, repositoryJson, userJson } from './shapes.ts';
import { type Fork, forkOf, permissionOf, type World } from './world.ts';

export interface RestOptions {
  readonly world: World;
  readonly token: string | undefined;
  /** Requests an hour; GitHub grants 5,000. */
  readonly rateLimit: number;
  readonly now: () => number;
  readonly log: (message: string) => void;
}

/** Everything under `/repos`, and `/rate_limit`. */
export async function restRoutes(app: FastifyInstance, options: RestOptions): Promise<void> {
  const limit = new RateLimit(options.rateLimit, options.now);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, async (request: FastifyRequest, body: string) =>
    parseJson(request, body),
  );
  app.addHook('onRequest', async (request) => {
    checkToken(options.token, request);
    if (request.url !== '/rate_limit') limit.take();
  });
  app.addHook('onSend', async (request, reply, body) => finishAnswer(request, reply, limit, body));
  app.setErrorHandler((error: Error, _request, reply) => sendError(error, reply, options.log));
  app.setNotFoundHandler(() => {
    throw notFound();
  });
  app.get('/rate_limit', () => ({ resources: { core: limit.status() }, rate: limit.status() }));
  await app.register(repositoryRoutes, { prefix: '/repos/:owner/:repo', world: options.world });
  await app.register(baseRoutes, { prefix: '/repos/:owner/:repo', world: options.world });
}

interface WorldOptions {
  readonly world: World;
}

/** Pull requests and all that hangs on them exist in the base repository only. */
async function baseRoutes(app: FastifyInstance, { world }: WorldOptions): Promise<void> {
  app.addHook('preHandler', async (request) => {
    if (viewOf(world, request).fork !== undefined) throw notFound();
  });
  pullRoutes(app, world);
  issueRoutes(app, world);
  deploymentRoutes(app, world);
}

interface View {
  readonly fullName: string;
  readonly fork: Fork | undefined;
  shows(branch: string): boolean;
}

/** The repository that the path names: the base, or a fork, which has its own branches and the default one. */
function viewOf(world: World, request: FastifyRequest): View {
  const { owner = '', repo = '' } = request.params as Record<string, string>;
  const named = (name: string | null): boolean => name?.toLowerCase() === `${owner}/${repo}`.toLowerCase();
  const { site, state } = world;
  if (named(site.fullName)) {
    return { fullName: site.fullName, fork: undefined, shows: (branch) => forkOf(site, branch) === undefined };
  }
  const fork = site.forks.find((one) => named(one.repo));
  if (fork === undefined || fork.repo === null) throw notFound();
  return {
    fullName: fork.repo,
    fork,
    shows: (branch) => branch === state.defaultBranch || named(forkOf(site, branch)?.repo ?? null),
  };
}

function branchOf(request: FastifyRequest): string {
  return (request.params as Record<string, string>)['*'] ?? '';
}

async function repositoryRoutes(app: FastifyInstance, { world }: WorldOptions): Promise<void> {
  const { site, state } = world;
  const branches = async (view: View): Promise<Branch[]> =>
    (await readBranches(site.repoPath)).filter((branch) => view.shows(branch.name));
  const find = async (view: View, name: string): Promise<Branch | undefined> =>
    (await branches(view)).find((branch) => branch.name === name);

  app.get('/', async (request) => {
    const { fork } = viewOf(world, request);
    const repository = repositoryJson(site, state, fork);
    if (fork === undefined) return repository;
    return { ...repository, parent: repositoryJson(site, state), source: repositoryJson(site, state) };
  });

  app.get('/branches', async (request, reply) => {
    const view = viewOf(world, request);
    const all = paginate(request, reply, site.url, await branches(view));
    const url = `${apiUrl(site, view.fullName)}/commits`;
    return all.map(({ name, sha }) => ({ name, commit: { sha, url: `${url}/${sha}` }, protected: false }));
  });

  app.get('/branches/*', async (request) => {
    const view = viewOf(world, request);
    const branch = await find(view, branchOf(request));
    if (branch === undefined) throw notFound('Branch not found');
    const url = `${apiUrl(site, view.fullName)}/branches/${encodeURIComponent(branch.name)}`;
    return {
      name: branch.name,
      commit: commitJson(site, view.fullName, await readCommit(site.repoPath, branch.sha)),
      _links: { self: url, html: `${site.url}/${view.fullName}/tree/${encodeURIComponent(branch.name)}` },
      protected: false,
      protection: { enabled: false, required_status_checks: { enforcement_level: 'off', contexts: [], checks: [] } },
      protection_url: `${url}/protection`,
    };
  });

  app.get('/git/ref/*', async (request) => {
    const view = viewOf(world, request);
    const [, name] = /^heads\/(.+)$/.exec(branchOf(request)) ?? [];
    const branch = name === undefined ? undefined : await find(view, name);
    if (branch === undefined) throw notFound();
    const url = `${apiUrl(site, view.fullName)}/git`;
    return {
      ref: `refs/heads/${branch.name}`,
      node_id: Buffer.from(`03:Ref${branch.name}`).toString('base64'),
      url: `${url}/refs/heads/${encodeURIComponent(branch.name)}`,
      object: { sha: branch.sha, type: 'commit', url: `${url}/commits/${branch.sha}` },
    };
  });

  app.get('/commits/*', async (request, reply) => {
    const view = viewOf(world, request);
    const ref = branchOf(request);
    const hidden = (await readBranches(site.repoPath)).some((one) => one.name === ref && !view.shows(ref));
    const sha = hidden ? undefined : await resolveCommit(site.repoPath, ref);
    if (sha === undefined) throw new RestError(422, `No commit found for SHA: ${ref}`);
    if (request.headers.accept?.includes('.sha') === true)
      return reply.type('application/vnd.github.sha; charset=utf-8').send(sha);
    return commitJson(site, view.fullName, await readCommit(site.repoPath, sha));
  });

  app.get('/collaborators/:login/permission', async (request) => {
    viewOf(world, request);
    const { login = '' } = request.params as Record<string, string>;
    const permission = permissionOf(site, login);
    return { permission, role_name: permission, user: { ...userJson(site, login), permissions: rights(permission) } };
  });
}

function rights(permission: string): Record<string, boolean> {
  const level = ['none', 'read', 'write', 'admin'].indexOf(permission);
  return { admin: level > 2, maintain: level > 2, push: level > 1, triage: level > 1, pull: level > 0 };
}
