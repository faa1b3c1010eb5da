/** One download to stdout, or one upload. The order, in which the URL is a secret, comes by stdin. */
import type { IncomingMessage } from 'node:http';
import { write } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { exchange, nameless } from './http-exchange.ts';
import { type Download, FAILED, FOUND, TRANSFER_EXIT, type TransferOrder, type Upload } from './transfer.ts';

const OUTPUT = 1;
const writeSome = promisify(write);
/** For the supervisor to learn of a failure before the pipe ends. It does not wait so long: it stops this process. */
const LINGER_MS = 5_000;

const MISSING = new Set([403, 404]);
const TAKEN = new Set([409, 412]);
const TOO_LARGE = 413;

async function download({ url, timeoutMs, maxBytes }: Download): Promise<number> {
  const answer = await exchange(url, { timeoutMs });
  const { statusCode: status = 0, headers } = answer;
  if (MISSING.has(status)) return TRANSFER_EXIT.missing;
  if (status !== 200) throw new Error(`the cache answered ${status}`);
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
  await say(FOUND);
  await passOn(answer, maxBytes);
  return TRANSFER_EXIT.done;
}

/** Without a stream for the output: that would be closed by a failure, and what came until then would look complete. */
async function passOn(answer: IncomingMessage, maxBytes: number): Promise<void> {
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
    for (let done = 0; done < chunk.length; ) done += (await writeSome(OUTPUT, chunk, done)).bytesWritten;
  }
}

async function upload({ url, timeoutMs, file, size }: Upload): Promise<number> {
  const { statusCode: status = 0 } = await exchange(url, { timeoutMs, upload: { file, size } });
  if (status >= 200 && status < 300) return TRANSFER_EXIT.done;
  if (TAKEN.has(status)) return TRANSFER_EXIT.taken;
  if (status === TOO_LARGE) return TRANSFER_EXIT.tooLarge;
  throw new Error(`the cache answered ${status}`);
}

async function say(line: string): Promise<void> {
  await new Promise<void>((resolve) => process.stderr.write(`${line}\n`, () => resolve()));
}

async function main(): Promise<number> {
  const order = JSON.parse(await text(process.stdin)) as TransferOrder;
  try {
    return order.kind === 'download' ? await download(order) : await upload(order);
  } catch (error) {
    await say(FAILED + nameless(error as Error).message);
    if (order.kind === 'download') await delay(LINGER_MS);
    return TRANSFER_EXIT.failed;
  }
}

process.exit(await main());
