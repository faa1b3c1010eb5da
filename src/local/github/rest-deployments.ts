/** /repos/{owner}/{repo}/deployments: recorded and shown, without checks, merges or webhooks. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { notFound, RestError } from './errors.ts';
import { resolveCommit } from './git.ts';
import { actorOf, idIn, paginate, parseBody, queryOf } from './http.ts';
import { apiUrl, userJson } from './shapes.ts';
import type { Deployment, DeploymentStatus } from './state.ts';
import { nodeIdOf, type World } from './world.ts';

/** GitHub refuses longer ones. AWS-FACTS GitHub "Deployments". */
const description = z.string().max(140).nullish();

const deploymentBody = z.object({
  ref: z.string().min(1),
  task: z.string().default('deploy'),
  environment: z.string().min(1).default('production'),
  description,
  payload: z.unknown().optional(),
  transient_environment: z.boolean().default(false),
  production_environment: z.boolean().optional(),
});

const statusBody = z.object({
  state: z.enum(['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success']),
  description,
  environment: z.string().optional(),
  environment_url: z.string().default(''),
  log_url: z.string().default(''),
  target_url: z.string().default(''),
  auto_inactive: z.boolean().default(true),
});

export function deploymentRoutes(app: FastifyInstance, world: World): void {
  const { site, state } = world;
  const deploymentIn = (request: FastifyRequest): Deployment => {
    const id = idIn((request.params as Record<string, string>)['id']);
    const deployment = state.deployments.find((one) => one.id === id);
    if (deployment === undefined) throw notFound();
    return deployment;
  };

  app.get('/deployments', async (request, reply) => {
    const query = queryOf(request);
    const matches = (one: Deployment): boolean =>
      (['sha', 'ref', 'task', 'environment'] as const).every((key) => (query[key] ?? one[key]) === one[key]);
    const found = state.deployments.filter(matches).reverse();
    return paginate(request, reply, site.url, found).map((one) => deploymentJson(world, one));
  });
  app.post('/deployments', async (request, reply) => {
    const body = parseBody(deploymentBody, 'Deployment', request.body);
    const sha = await resolveCommit(site.repoPath, body.ref);
    if (sha === undefined) throw new RestError(422, `No ref found for: ${body.ref}`);
    const deployment = makeDeployment(world, body, sha, actorOf(request));
    return reply.code(201).send(deploymentJson(world, deployment));
  });
  app.get('/deployments/:id', async (request) => deploymentJson(world, deploymentIn(request)));
  app.get('/deployments/:id/statuses', async (request, reply) => {
    const deployment = deploymentIn(request);
    const statuses = [...deployment.statuses].reverse();
    return paginate(request, reply, site.url, statuses).map((one) => statusJson(world, deployment, one));
  });
  app.post('/deployments/:id/statuses', async (request, reply) => {
    const deployment = deploymentIn(request);
    const body = parseBody(statusBody, 'DeploymentStatus', request.body);
    const status = addStatus(world, deployment, body, actorOf(request));
    return reply.code(201).send(statusJson(world, deployment, status));
  });
}

function makeDeployment(world: World, body: z.infer<typeof deploymentBody>, sha: string, creator: string): Deployment {
  const at = world.stamp();
  const deployment: Deployment = {
    id: world.nextId(),
    sha,
    ref: body.ref,
    task: body.task,
    environment: body.environment,
    description: body.description ?? null,
    payload: body.payload ?? {},
    transient: body.transient_environment,
    production: body.production_environment ?? body.environment === 'production',
    creator,
    createdAt: at,
    updatedAt: at,
    statuses: [],
  };
  world.state.deployments.push(deployment);
  world.touch();
  return deployment;
}

/** A success makes the environment's earlier deployments inactive, unless they are transient. */
function addStatus(
  world: World,
  deployment: Deployment,
  body: z.infer<typeof statusBody>,
  creator: string,
): DeploymentStatus {
  const status = makeStatus(world, deployment, body, creator);
  deployment.environment = status.environment;
  if (body.state === 'success' && body.auto_inactive) {
    const earlier = world.state.deployments.filter(
      (one) => one.id < deployment.id && one.environment === deployment.environment && !one.transient,
    );
    for (const one of earlier.filter((old) => old.statuses.at(-1)?.state === 'success')) {
      makeStatus(world, one, { ...body, state: 'inactive' }, creator);
    }
  }
  return status;
}

function makeStatus(
  world: World,
  deployment: Deployment,
  body: z.infer<typeof statusBody>,
  creator: string,
): DeploymentStatus {
  const status = {
    id: world.nextId(),
    state: body.state,
    description: body.description ?? '',
    environment: body.environment ?? deployment.environment,
    environmentUrl: body.environment_url,
    logUrl: body.log_url || body.target_url,
    creator,
    createdAt: world.stamp(),
  };
  deployment.statuses.push(status);
  deployment.updatedAt = status.createdAt;
  world.touch();
  return status;
}

function deploymentJson({ site }: World, deployment: Deployment): object {
  const url = `${apiUrl(site)}/deployments/${deployment.id}`;
  return {
    url,
    id: deployment.id,
    node_id: nodeIdOf('Deployment', deployment.id),
    sha: deployment.sha,
    ref: deployment.ref,
    task: deployment.task,
    payload: deployment.payload,
    original_environment: deployment.environment,
    environment: deployment.environment,
    description: deployment.description,
    creator: userJson(site, deployment.creator),
    created_at: deployment.createdAt,
    updated_at: deployment.updatedAt,
    statuses_url: `${url}/statuses`,
    repository_url: apiUrl(site),
    transient_environment: deployment.transient,
    production_environment: deployment.production,
  };
}

function statusJson({ site }: World, deployment: Deployment, status: DeploymentStatus): object {
  const url = `${apiUrl(site)}/deployments/${deployment.id}`;
  return {
    url: `${url}/statuses/${status.id}`,
    id: status.id,
    node_id: nodeIdOf('DeploymentStatus', status.id),
    state: status.state,
    creator: userJson(site, status.creator),
    description: status.description,
    environment: status.environment,
    target_url: status.logUrl,
    created_at: status.createdAt,
    updated_at: status.createdAt,
    deployment_url: url,
    repository_url: apiUrl(site),
    environment_url: status.environmentUrl,
    log_url: status.logUrl,
  };
}
