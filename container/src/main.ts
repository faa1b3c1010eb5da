/** Entry of an environment's task: settings, signals, exit code. */
import { EXIT } from './exit-codes.ts';
import { makeLog } from './log/log.ts';
import { readSettings, SettingsError } from './settings.ts';
import { startSupervisor } from './supervisor.ts';

const token = process.env['GITHUB_TOKEN'];
const log = makeLog((text) => process.stdout.write(text), token ? [token] : []);

async function main(): Promise<number> {
  const settings = readSettings(process.env);
  delete process.env['GITHUB_TOKEN'];
  log.say(`environment ${settings.session}: ${settings.repo}, branch ${settings.branch}`);
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
  // The last lines must still reach a pipe, so nothing is cut off at once; nothing may hold the task up either.
  setTimeout(() => process.exit(), 1_000).unref();
} catch (error) {
  log.say(error instanceof Error ? error.message : String(error));
  process.exit(error instanceof SettingsError ? EXIT.settings : EXIT.internal);
}
