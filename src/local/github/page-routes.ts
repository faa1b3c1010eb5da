/** The page for people and the forms on it. Whoever uses it acts as the repository's owner. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { createComment } from './comments.ts';
import type { Deliveries } from './deliveries.ts';
import { RENDERED_STYLE_SOURCE } from './rendered.ts';
import { RestError } from './errors.ts';
import { idIn, parseBody } from './http.ts';
import { redeliver } from './local-routes.ts';
import { renderError, renderPage } from './page.ts';
import { addLabels, closePull, findPull, removeLabel, reopenPull } from './pulls.ts';
import type { Pull } from './state.ts';
import type { World } from './world.ts';

export interface PageOptions {
  readonly world: World;
  readonly deliveries: Deliveries;
  readonly suggestedLabels: readonly string[];
}

const labelForm = z.object({ label: z.string().trim().min(1).max(50) });
const stateForm = z.object({ state: z.enum(['open', 'closed']) });
const commentForm = z.object({ body: z.string() });

function param(request: FastifyRequest, name: string): string | undefined {
  return (request.params as Record<string, string>)[name];
}

/** Texts on the page come from commits, labels and comments, so nothing but the page's own script may run. */
function securityHeaders(reply: FastifyReply, nonce: string): void {
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}' ${RENDERED_STYLE_SOURCE}`,
    `script-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  reply.header('content-security-policy', policy.join('; '));
  reply
    .header('x-frame-options', 'DENY')
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', 'no-store');
}

export async function pageRoutes(app: FastifyInstance, options: PageOptions): Promise<void> {
  const { world, deliveries, suggestedLabels } = options;
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: FastifyRequest, body: string) => Object.fromEntries(new URLSearchParams(body)),
  );
  app.setErrorHandler((error: Error, _request, reply) => {
    const status = error instanceof RestError ? error.status : 500;
    reply.code(status).type('text/html; charset=utf-8').send(renderError(error.message));
  });
  app.get('/', async (_request, reply) => {
    const nonce = randomBytes(16).toString('base64');
    securityHeaders(reply, nonce);
    const page = { world, deliveries: deliveries.list(), webhookUrl: deliveries.url, suggestedLabels, nonce };
    return reply.type('text/html; charset=utf-8').send(renderPage(page));
  });
  app.get('/:owner/:repo', async (_request, reply) => reply.redirect('/'));
  app.get('/:owner/:repo/pull/:number', async (request, reply) =>
    reply.redirect(`/#pull-${idIn(param(request, 'number'))}`),
  );
  await app.register(formRoutes, options);
}

async function formRoutes(app: FastifyInstance, { world, deliveries }: PageOptions): Promise<void> {
  const { owner } = world.site;
  const pullIn = (request: FastifyRequest): Pull => findPull(world, idIn(param(request, 'number')));
  const back = (reply: FastifyReply, pull: Pull): FastifyReply => reply.redirect(`/#pull-${pull.number}`, 303);

  app.post('/_ui/pulls/:number/labels', async (request, reply) => {
    const pull = pullIn(request);
    addLabels(world, pull, [parseBody(labelForm, 'Label', request.body).label], owner);
    return back(reply, pull);
  });
  app.post('/_ui/pulls/:number/labels/remove', async (request, reply) => {
    const pull = pullIn(request);
    removeLabel(world, pull, parseBody(labelForm, 'Label', request.body).label, owner);
    return back(reply, pull);
  });
  app.post('/_ui/pulls/:number/state', async (request, reply) => {
    const pull = pullIn(request);
    const { state } = parseBody(stateForm, 'PullRequest', request.body);
    if (state === 'open') reopenPull(world, pull, owner);
    else closePull(world, pull, owner, 'person');
    return back(reply, pull);
  });
  app.post('/_ui/pulls/:number/comments', async (request, reply) => {
    const pull = pullIn(request);
    createComment(world, pull.number, parseBody(commentForm, 'IssueComment', request.body).body, owner);
    return back(reply, pull);
  });
  app.post('/_ui/deliveries/:id/redeliver', async (request, reply) => {
    redeliver(deliveries, idIn(param(request, 'id')));
    return reply.redirect('/', 303);
  });
}
