/** CloudWatch Logs behind `LogsPort`. */
import { type CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Call } from './call.ts';
import { undefinedIfNotFound } from './classify.ts';
import type { LogsPort } from './ports.ts';

export function makeLogs(client: CloudWatchLogsClient, call: Call): LogsPort {
  return {
    async tail(logGroupName, logStreamName, limit) {
      const command = new GetLogEventsCommand({ logGroupName, logStreamName, limit, startFromHead: false });
      const asked = call('logs:GetLogEvents', (options) => client.send(command, options));
      const answer = await asked.catch(undefinedIfNotFound);
      return (answer?.events ?? []).map(({ message }) => message ?? '');
    },
  };
}
