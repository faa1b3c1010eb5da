import { describe, expect, it } from 'vitest';
import { makeMetrics } from '../../src/telemetry/metrics.ts';

describe('every metric', () => {
  const all = makeMetrics().registry.getMetricsAsArray() as unknown as { name: string; help: string; type: string }[];

  it('starts with mayfly_, in the form that Prometheus asks for', () => {
    expect(all.length).toBeGreaterThan(15);
    for (const { name } of all) expect(name).toMatch(/^mayfly_[a-z]+(_[a-z]+)*$/);
  });

  it('has a help text that is a sentence', () => {
    for (const { name, help } of all) expect(`${name}: ${help}`).toMatch(/: [A-Z].{8,}\.$/);
  });

  it('ends as its type asks: counters in _total, times in _seconds', () => {
    const endings: Record<string, RegExp> = { counter: /_total$/, histogram: /_seconds$/, gauge: /^(?!.*_total$)/ };
    for (const { name, type } of all) expect(name).toMatch(endings[type] ?? /never/);
  });

  it('belongs to its own registry, so that two operators in one process do not share', () => {
    const one = makeMetrics();
    const other = makeMetrics();
    expect(one.registry).not.toBe(other.registry);
    expect(other.registry.getMetricsAsArray()).toHaveLength(all.length);
  });
});
