/** The local AWS behind a socket, with real processes and servers, does what AWS does; without the facts that take hours. */
import { openEndpoint } from './endpoint.ts';
import { REGION, startLocalServer } from './local-server.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(async () => {
  const server = await startLocalServer();
  const source = await openEndpoint({
    endpoint: server.aws.endpoint,
    region: REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    implementations: { aws: 'mayfly-local', dynamodb: 'dynalite' },
    runId: 'http',
    surroundings: server.surroundings,
    can: ['control', 'targets', 'traffic', 'quotas'],
    stepMs: 10,
    patienceMs: 10_000,
    powers: server,
    settle: server.settle,
  });
  return {
    ...source,
    async close() {
      await source.close();
      await server.close();
    },
  };
});
