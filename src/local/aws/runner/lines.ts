import { StringDecoder } from 'node:string_decoder';

/** CloudWatch's bound for one event; the awslogs driver splits longer lines. */
const MAX_LINE = 256 * 1024;

export interface LineSplitter {
  push(chunk: Buffer): void;
  /** Emits what is left without a line end. */
  end(): void;
}

/** Cuts a stream of bytes into lines, without their ends. Never holds more than `MAX_LINE` characters. */
export function makeLineSplitter(emit: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const add = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      emitCut(line.endsWith('\r') ? line.slice(0, -1) : line, emit);
    }
    while (rest.length > MAX_LINE) {
      emit(rest.slice(0, MAX_LINE));
      rest = rest.slice(MAX_LINE);
    }
  };
  return {
    push: (chunk) => add(decoder.write(chunk)),
    end() {
      add(decoder.end());
      if (rest !== '') {
        emit(rest);
      }
      rest = '';
    },
  };
}

function emitCut(line: string, emit: (line: string) => void): void {
  for (let start = 0; start === 0 || start < line.length; start += MAX_LINE) {
    emit(line.slice(start, start + MAX_LINE));
  }
}
