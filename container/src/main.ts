/** Entry of an environment's task: settings, signals, exit code. */
import { EXIT } from './exit-codes.ts';
import { leaveOutWebClients } from './lean.ts';
import { makeLog } from './log/log.ts';
import { makeOutput } from './log/output.ts';
import { readSettings, SettingsError } from './settings.ts';

const token = process.env['GITHUB_TOKEN'];
const output = makeOutput(process.stdout);
const log = makeLog((text) => output.write(text), token ? [token] : []);
/** How long the last lines may take to reach a pipe that is hardly read. */
const LAST_LINES_MS = 1_000;

async function main(): Promise<number> {
  const settings = readSettings(process.env);
  delete process.env['GITHUB_TOKEN'];
  log.say(`environment ${settings.session}: ${settings.repo}, branch ${settings.branch}`);
  leaveOutWebClients();
  const { startSupervisor } = await import('./supervisor.ts');
  const supervisor = await startSupervisor(settings, log);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => supervisor.stop());
  process.on('uncaughtException', (error) => {
    log.say(`internal error: ${error.stack ?? error.message}`);
    supervisor.stop(EXIT.internal);
  });
  const code = await supervisor.done;
  log.say(`ended with exit code ${code}`);
  return code;
}

try {
  process.exitCode = await main();
} catch (error) {
  log.say(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof SettingsError ? EXIT.settings : EXIT.internal;
}
log.end();
await output.drained(LAST_LINES_MS);
process.exit();
