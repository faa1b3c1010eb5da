/** /repos/{owner}/{repo}/issues and /labels: a pull request's side that it shares with issues. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { commentsOf, createComment, deleteComment, editComment, findComment, react } from './comments.ts';
import { actorOf, idIn, paginate, parseBody, queryOf } from './http.ts';
import { commentJson, issueJson } from './pull-shapes.ts';
import { addLabels, findPull, removeLabel } from './pulls.ts';
import { order, oneOf } from './rest-pulls.ts';
import { apiUrl, labelJson, userJson } from './shapes.ts';
import { type Pull } from './state.ts';
import { nodeIdOf, type World } from './world.ts';

/** GitHub's limit for a label's name. */
const labelName = z.string().trim().min(1).max(50);
const labelNames = z.array(z.union([labelName, z.object({ name: labelName }).transform((label) => label.name)]));
const labelsBody = z.union([labelNames, z.object({ labels: labelNames }).transform((body) => body.labels)]);
const commentBody = z.object({ body: z.string().optional() });
const reactionBody = z.object({ content: z.string() });

function param(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string>)[name] ?? '';
}

export function issueRoutes(app: FastifyInstance, world: World): void {
  const { site, state } = world;
  const pullIn = (request: FastifyRequest): Pull => findPull(world, idIn(param(request, 'number')));

  app.get('/issues', async (request, reply) => {
    const issues = selectIssues(world, queryOf(request));
    return paginate(request, reply, site.url, issues).map((pull) => issueJson(site, state, pull));
  });
  app.get('/issues/:number', async (request) => issueJson(site, state, pullIn(request)));
  labelRoutes(app, world, pullIn);
  commentRoutes(app, world, pullIn);
}

function selectIssues(world: World, query: Readonly<Record<string, string>>): Pull[] {
  const wanted = oneOf(query, 'state', ['open', 'closed', 'all']);
  const labels = (query['labels'] ?? '').split(',').filter((label) => label !== '');
  const has = (pull: Pull, name: string): boolean =>
    pull.labels.some((one) => one.toLowerCase() === name.toLowerCase());
  return world.state.pulls
    .filter((pull) => wanted === 'all' || pull.state === wanted)
    .filter((pull) => labels.every((label) => has(pull, label)))
    .sort(order(query));
}

type PullIn = (request: FastifyRequest) => Pull;

function labelRoutes(app: FastifyInstance, world: World, pullIn: PullIn): void {
  const { site, state } = world;
  const labelsJson = (pull: Pull): object[] => pull.labels.map((name) => labelJson(site, state, name));

  app.get('/labels', async (request, reply) => {
    const names = Object.values(state.labels).map((label) => label.name);
    return paginate(request, reply, site.url, names).map((name) => labelJson(site, state, name));
  });
  app.get('/issues/:number/labels', async (request, reply) =>
    paginate(request, reply, site.url, labelsJson(pullIn(request))),
  );
  app.post('/issues/:number/labels', async (request) => {
    const pull = pullIn(request);
    addLabels(world, pull, parseBody(labelsBody, 'Label', request.body), actorOf(request));
    return labelsJson(pull);
  });
  app.delete('/issues/:number/labels/:name', async (request) => {
    const pull = pullIn(request);
    removeLabel(world, pull, param(request, 'name'), actorOf(request));
    return labelsJson(pull);
  });
}

function commentRoutes(app: FastifyInstance, world: World, pullIn: PullIn): void {
  const { site } = world;
  const idOfComment = (request: FastifyRequest): number => idIn(param(request, 'id'));
  const textOf = (request: FastifyRequest): string | undefined =>
    parseBody(commentBody, 'IssueComment', request.body).body;

  app.get('/issues/:number/comments', async (request, reply) => {
    const since = queryOf(request)['since'] ?? '';
    const comments = commentsOf(world, pullIn(request).number).filter((comment) => comment.updatedAt >= since);
    return paginate(request, reply, site.url, comments).map((comment) => commentJson(site, comment));
  });
  app.post('/issues/:number/comments', async (request, reply) => {
    const comment = createComment(world, pullIn(request).number, textOf(request), actorOf(request));
    reply.code(201).header('location', `${apiUrl(site)}/issues/comments/${comment.id}`);
    return commentJson(site, comment);
  });
  app.get('/issues/comments/:id', async (request) => commentJson(site, findComment(world, idOfComment(request))));
  app.patch('/issues/comments/:id', async (request) => {
    const id = findComment(world, idOfComment(request)).id;
    return commentJson(site, editComment(world, id, textOf(request), actorOf(request)));
  });
  app.delete('/issues/comments/:id', async (request, reply) => {
    deleteComment(world, idOfComment(request), actorOf(request));
    return reply.code(204).send();
  });
  app.post('/issues/comments/:id/reactions', async (request, reply) => {
    const { content } = parseBody(reactionBody, 'Reaction', request.body);
    const { reaction, made } = react(world, idOfComment(request), content, actorOf(request));
    reply.code(made ? 201 : 200);
    return {
      id: reaction.id,
      node_id: nodeIdOf('Reaction', reaction.id),
      user: userJson(site, reaction.user),
      content: reaction.content,
      created_at: reaction.createdAt,
    };
  });
}
