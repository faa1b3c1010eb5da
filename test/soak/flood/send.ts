/** Sends the flood over some connections to each of the replicas in turn, and takes the store away for a part of it. */
import { Agent, type IncomingMessage, request } from 'node:http';
import { once } from 'node:events';
import type { Delivery } from './deliveries.ts';

const CONNECTIONS = 24;
/** Between two deliveries of a connection, so that the store is away for a while and not only for a few of them. */
const WHILE_DOWN_MS = 300;

export interface Outcome {
  readonly delivery: Delivery;
  /** 0 when there was no answer. */
  readonly status: number;
  readonly body: string;
  /** The store was away at some time between sending and the answer. */
  readonly storeWasDown: boolean;
}

export interface FloodOrder {
  readonly deliveries: readonly Delivery[];
  readonly urls: readonly string[];
  /** From this to that delivery DynamoDB cannot be reached. */
  readonly outage: readonly [from: number, to: number];
  readonly setStoreDown: (isDown: boolean) => void;
  /** Before it is sent. */
  readonly onSend: (delivery: Delivery) => void;
  readonly onAnswer: (answered: number) => void;
  readonly signal: AbortSignal;
}

export async function sendFlood(order: FloodOrder): Promise<readonly Outcome[]> {
  const { deliveries, urls, outage, setStoreDown, onSend, onAnswer, signal } = order;
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const outcomes: Outcome[] = [];
  let next = 0;
  let isDown = false;
  /** Counts the ends of outages and their beginnings: a request over which it changes has seen one. */
  let turns = 0;
  const turn = (down: boolean): void => {
    isDown = down;
    turns += 1;
    setStoreDown(down);
  };
  const converse = async (): Promise<void> => {
    for (let index = next++; index < deliveries.length; index = next++) {
      signal.throwIfAborted();
      if (index === outage[0]) turn(true);
      if (index === outage[1]) turn(false);
      if (isDown) await new Promise((resolve) => setTimeout(resolve, WHILE_DOWN_MS));
      const delivery = deliveries[index] as Delivery;
      onSend(delivery);
      const [downBefore, turnsBefore] = [isDown, turns];
      const { status, body } = await post(urls[index % urls.length] ?? '', delivery, agent);
      outcomes.push({ delivery, status, body, storeWasDown: downBefore || turns !== turnsBefore });
      onAnswer(outcomes.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, converse));
  } finally {
    setStoreDown(false);
    agent.destroy();
  }
  return outcomes;
}

async function post(url: string, { headers, body }: Delivery, agent: Agent): Promise<{ status: number; body: string }> {
  try {
    const length = Buffer.byteLength(body);
    const call = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': length } });
    call.setTimeout(20_000, () => call.destroy(new Error('no answer in 20 s')));
    call.end(body);
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
  } catch (error) {
    return { status: 0, body: String(error) };
  }
}
