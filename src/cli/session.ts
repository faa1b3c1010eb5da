/** What every verb begins and ends with: the configuration, a reader, and faults in words. */
import { formatFaults } from '../config/faults.ts';
import { loadReaderConfig } from '../config/load.ts';
import type { Reader } from '../operator.ts';
import { makeLogger } from '../telemetry/logger.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { explain } from './failure.ts';
import type { Terminal } from './terminal.ts';

export interface Session {
  readonly terminal: Terminal;
  /** Never rejects; the exit code of the command is the one of the work, unless it fails. */
  run(work: (reader: Reader) => Promise<ExitCode>): Promise<void>;
}

export interface SessionOptions {
  readonly terminal: Terminal;
  /** What `--config` named; asked for when a verb runs. */
  readonly configPath: () => string | undefined;
  readonly onExit: (code: ExitCode) => void;
}

export function makeSession({ terminal, configPath, onExit }: SessionOptions): Session {
  const { env, readFile, stderr } = terminal;
  return {
    terminal,
    async run(work) {
      const loaded = loadReaderConfig({ path: configPath(), env, readFile });
      if (!loaded.ok) {
        stderr.write(`${formatFaults(loaded.faults, loaded.path)}\n`);
        onExit(EXIT.config);
        return;
      }
      let reader: Reader | undefined;
      try {
        // Loaded late: help and faults of the configuration need no SDK, and should not wait for one.
        const { openReader } = await import('../operator.ts');
        reader = openReader(loaded.config, makeLogger('silent', false));
        onExit(await work(reader));
      } catch (error) {
        const { text, code } = explain(error, loaded.config);
        stderr.write(`${text}\n`);
        onExit(code);
      } finally {
        await reader?.close();
      }
    },
  };
}
