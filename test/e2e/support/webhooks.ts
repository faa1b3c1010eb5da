/** Webhooks as GitHub, or somebody who pretends to be it, sends them to the running operator. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Stack } from '../../../src/local/demo/stack.ts';

export interface Sent {
  readonly event?: string;
  readonly body: string;
  /** Signed with the right secret unless given. */
  readonly signature?: string;
}

export async function sendWebhook(
  stack: Stack,
  { event, body, signature }: Sent,
): Promise<{ status: number; text: string }> {
  const headers = {
    'content-type': 'application/json',
    'x-hub-signature-256': signature ?? signatureOf(stack, body),
    ...(event !== undefined && { 'x-github-event': event }),
  };
  const response = await fetch(urlOf(stack), { method: 'POST', headers, body });
  return { status: response.status, text: await response.text() };
}

export function signatureOf({ stateDir }: Stack, body: string): string {
  const { webhookSecret } = JSON.parse(readFileSync(join(stateDir, 'secrets.json'), 'utf8')) as {
    webhookSecret: string;
  };
  return `sha256=${createHmac('sha256', webhookSecret).update(body).digest('hex')}`;
}

function urlOf({ ports }: Stack): string {
  return `http://127.0.0.1:${ports.webhooks}/webhooks/github`;
}

/** A sender that announces a body and never finishes it. */
export async function sendSlowly(stack: Stack): Promise<Socket> {
  const socket = connect(stack.ports.webhooks, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  const headers = ['host: localhost', 'content-length: 1000', 'x-github-event: ping', 'x-hub-signature-256: sha256=00'];
  socket.write(`POST /webhooks/github HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n{"slow`);
  return socket;
}
