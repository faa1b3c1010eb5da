/** What GitHub does on its pages or not at all: deliveries, the hook's address, reading the branches now. */
import type { FastifyInstance } from 'fastify';
import type { Deliveries, Delivery } from './deliveries.ts';
import { notFound, RestError } from './errors.ts';
import { idIn, paginate, parseBody, queryOf } from './http.ts';
import { webhookBody } from './options.ts';

export interface Controls {
  readonly deliveries: Deliveries;
  /** Of this server. */
  readonly url: string;
  /** Reads the branches now. */
  refresh(): Promise<void>;
  /** Null for no webhooks. A new address is sent a `ping`. */
  setWebhookUrl(url: string | null): void;
}

export function redeliver(deliveries: Deliveries, id: number): Delivery {
  if (deliveries.find(id) === undefined) throw notFound();
  const again = deliveries.redeliver(id);
  if (again === undefined) throw new RestError(422, 'There is no webhook to deliver to');
  return again;
}

export async function localRoutes(app: FastifyInstance, controls: Controls): Promise<void> {
  const { deliveries, url } = controls;
  const idOf = (params: unknown): number => idIn((params as Record<string, string>)['id']);

  app.get('/_deliveries', async (request, reply) => {
    const { event, action } = queryOf(request);
    const lines = deliveries
      .list()
      .filter((one) => event === undefined || one.event === event)
      .filter((one) => action === undefined || one.action === action);
    return paginate(request, reply, url, lines).map(({ id }) => deliveries.find(id));
  });
  app.get('/_deliveries/:id', async (request) => {
    const delivery = deliveries.find(idOf(request.params));
    if (delivery === undefined) throw notFound();
    return delivery;
  });
  app.post('/_deliveries/:id/redeliver', async (request, reply) =>
    reply.code(202).send(redeliver(deliveries, idOf(request.params))),
  );
  app.post('/_idle', async (_request, reply) => {
    await deliveries.idle();
    return reply.code(204).send();
  });
  app.post('/_refresh', async (_request, reply) => {
    await controls.refresh();
    return reply.code(204).send();
  });
  app.get('/_webhook', async () => ({ url: deliveries.url ?? null }));
  app.put('/_webhook', async (request) => {
    controls.setWebhookUrl(parseBody(webhookBody, 'Hook', request.body).url);
    return { url: deliveries.url ?? null };
  });
}
