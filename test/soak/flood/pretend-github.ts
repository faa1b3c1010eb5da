/** GitHub's REST API of the flood: each pull request as it was told last, and nothing else. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Moment } from './payloads.ts';

export interface PretendGitHub {
  readonly url: string;
  /** It is so from now on, if it is newer than what was told before. */
  tell(moment: Moment): void;
  /** Reads so far. */
  reads(): number;
  close(): void;
}

export async function startPretendGitHub(): Promise<PretendGitHub> {
  const newest = new Map<number, Moment>();
  let reads = 0;
  const server = createServer((request, response) => {
    const number = /^\/repos\/demo\/soak\/pulls\/(\d+)$/.exec(request.url ?? '')?.[1];
    const moment = request.method === 'GET' && number !== undefined ? newest.get(Number(number)) : undefined;
    if (moment) reads += 1;
    request.resume();
    response.writeHead(moment ? 200 : 404, { 'content-type': 'application/json; charset=utf-8' });
    response.end(moment?.json ?? '{"message":"Not Found"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tell(moment) {
      const before = newest.get(moment.pull);
      if (!before || before.snapshot.at < moment.snapshot.at) newest.set(moment.pull, moment);
    },
    reads: () => reads,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
