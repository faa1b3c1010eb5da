/** Which sizes of vCPU and memory Fargate offers, from AWS's task size table. */
import { clientError } from './context.ts';

/** By CPU units: memory in MiB from, to, in steps of. 512 MiB is an extra of the smallest. */
const SIZES: Readonly<Record<number, readonly [from: number, to: number, step: number]>> = {
  256: [512, 2048, 512],
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16_384: [32_768, 122_880, 8192],
};

const MEMORY_GAPS: Readonly<Record<number, readonly number[]>> = { 256: [1536] };

/** `256`, `.25 vCPU` → 256. Undefined when it is neither. */
export function cpuUnits(text: string): number | undefined {
  const match = /^(\d+)$|^(\d*\.?\d+) ?vcpu$/i.exec(text.trim());
  return match ? Number(match[1] ?? Number(match[2]) * 1024) : undefined;
}

/** `512`, `0.5 GB` → 512. Undefined when it is neither. */
function memoryMib(text: string): number | undefined {
  const match = /^(\d+)$|^(\d*\.?\d+) ?gb$/i.exec(text.trim());
  return match ? Number(match[1] ?? Number(match[2]) * 1024) : undefined;
}

/** Throws ClientException unless Fargate has the size. */
export function checkFargateSize(cpu: string | undefined, memory: string | undefined): void {
  if (cpu === undefined || memory === undefined) {
    throw clientError(
      `Fargate requires task definition to have ${cpu === undefined ? 'cpu' : 'memory'} at the task level.`,
    );
  }
  if (!isOffered(cpuUnits(cpu) ?? 0, memoryMib(memory) ?? 0)) {
    throw clientError(`No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory.`);
  }
}

function isOffered(units: number, mib: number): boolean {
  const [from, to, step] = SIZES[units] ?? [1, 0, 1];
  return mib >= from && mib <= to && (mib - from) % step === 0 && !MEMORY_GAPS[units]?.includes(mib);
}
