/** Entry of the operator: configuration, signals, exit codes. */
import { readFileSync } from 'node:fs';
import { formatFaults } from './config/faults.ts';
import { loadConfig } from './config/load.ts';
import { startOperator } from './operator.ts';
import { StoreError } from './store/port.ts';
import { makeLogger } from './telemetry/logger.ts';

/** sysexits.h: the configuration is wrong; no restart helps. */
const EX_CONFIG = 78;
const EX_FAILURE = 1;

async function main(): Promise<void> {
  const loaded = loadConfig({ env: process.env, readFile: (path) => readFileSync(path, 'utf8') });
  if (!loaded.ok) {
    process.stderr.write(`${formatFaults(loaded.faults, loaded.path)}\n`);
    process.exitCode = EX_CONFIG;
    return;
  }
  const logger = makeLogger(loaded.config.logLevel, process.stdout.isTTY);
  const stopping = new AbortController();
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
  void signalled.then((signal) => {
    logger.info({ signal }, 'stopping');
    stopping.abort(new Error(`stopped by ${signal}`));
  });
  try {
    const operator = await startOperator(loaded.config, logger, stopping.signal);
    logger.info(
      { installation: loaded.config.installation, projects: loaded.config.projects.length },
      'Mayfly is running',
    );
    await signalled;
    await operator.stop();
    logger.info('stopped');
  } catch (error) {
    if (stopping.signal.aborted) return;
    logger.fatal(error instanceof Error ? error.message : String(error));
    process.exitCode = error instanceof StoreError && error.kind === 'misconfigured' ? EX_CONFIG : EX_FAILURE;
  }
}

await main();
