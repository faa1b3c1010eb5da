/**
 * Loaded into an operator before its own program (NODE_OPTIONS), so that the operator itself needs nothing for it: at
 * SIGUSR2 it collects garbage and writes what memory is left to the file `SOAK_MEMORY`.
 */
import { renameSync, writeFileSync } from 'node:fs';

process.on('SIGUSR2', () => {
  const file = process.env['SOAK_MEMORY'] ?? '';
  globalThis.gc?.();
  globalThis.gc?.();
  writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()));
  renameSync(`${file}.new`, file);
});
