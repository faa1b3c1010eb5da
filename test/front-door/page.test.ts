import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Audience } from '../../src/front-door/answer.ts';
import { environmentAnswer } from '../../src/front-door/answer.ts';
import { html } from '../../src/front-door/html.ts';
import type { ConditionType } from '../../src/model/conditions.ts';
import { REASONS, type Reason } from '../../src/model/reasons.ts';
import { viewOf } from '../../src/status/view.ts';
import { hostile, shapeOfPage } from '../status/hostile.ts';
import {
  ago,
  BUILDING,
  BUILDING_JOB,
  conditions,
  NOW,
  PROJECT,
  type Sample,
  SERVING,
  SOURCE,
  stored,
} from '../status/samples.ts';

const AUDIENCE: Audience = { json: false, now: NOW };

function page(sample: Sample, log: readonly string[] = []): string {
  return environmentAnswer(viewOf(stored(sample), PROJECT, NOW), log, AUDIENCE).body;
}

describe('text that others wrote', () => {
  const sampleOf = (text: string): Sample => ({
    state: 'FAILED',
    desired: { branch: text, imageTag: text, commit: text, sources: { 'pull/12': { ...SOURCE, author: text } } },
    status: {
      conditions: {
        ...BUILDING,
        ...conditions({ Ready: ['False', 'BuildFailed', text], Accepted: ['False', 'Accepted', text] }),
      },
      liveCommit: `y${text}`,
      job: { ...BUILDING_JOB, phases: BUILDING_JOB.phases.map((phase) => ({ ...phase, note: text })) },
      failure: {
        reason: 'BuildFailed',
        message: text,
        at: text,
        final: true,
        count: 1,
        commit: text,
        retryAt: text,
        stopCode: text,
        exitCode: 1,
      },
    },
  });

  it('adds no element and no attribute to the page', () => {
    const plain = shapeOfPage(page(sampleOf('plain'), ['plain'])).elements;
    fc.assert(
      fc.property(hostile, (text) => {
        const body = page(sampleOf(`x${text}`), [`x${text}`]);
        expect(shapeOfPage(body).elements).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });

  it('is shown as it is, but for what cannot be seen', () => {
    const { pre, elements } = shapeOfPage(page(sampleOf('x'), ['<b>bold</b> & "quoted"', '\u001b[31mred\u001b[0m']));
    expect(pre).toContain('<b>bold</b> & "quoted"\nred');
    expect(elements.filter((name) => name === 'b')).toHaveLength(5 + 6);
  });

  it('is bounded: of a long log the last lines, of a long line its start', () => {
    const log = Array.from({ length: 5_000 }, (_, line) => `${line} ${'x'.repeat(10_000)}`);
    const body = page(sampleOf('x'), log);
    expect(body.length).toBeLessThan(60_000);
    expect(body).toContain('4999 ');
    expect(body).not.toContain('>4979 ');
  });
});

describe('what only operators may know', () => {
  const RAW = 'the control port 10.1.2.3:8080 of account 123456789012 said arn:aws:iam::123456789012:role/x';
  const shown = (sample: Sample): readonly string[] =>
    [false, true].map((json) => environmentAnswer(viewOf(stored(sample), PROJECT, NOW), [], { json, now: NOW }).body);

  it.each<[ConditionType, Reason]>([
    ['ControlReachable', 'ControlUnreachable'],
    ['ControlReachable', 'Unknown'],
    ['Reported', 'ReportRefused'],
    ['ImageAvailable', 'ImageNotFound'],
    ['TaskRunning', 'AwsDenied'],
    ['Removed', 'AwsError'],
    ['Routed', 'QuotaExceeded'],
  ])('of %s %s stays away; the page tells the meaning', (type, reason) => {
    for (const body of shown({
      status: { conditions: { ...SERVING, ...conditions({ [type]: ['False', reason, RAW] }) } },
    })) {
      expect(body).not.toContain('123456789012');
      expect(body).not.toContain('10.1.2.3');
      expect(body).toContain(REASONS[reason].slice(0, 12));
    }
  });

  it('stays away when it is why the environment failed', () => {
    const blocked = conditions({
      TaskRunning: ['False', 'ImageNotFound', RAW],
      Ready: ['False', 'ImageNotFound', RAW],
    });
    for (const body of shown({ state: 'FAILED', status: { conditions: blocked } })) {
      expect(body).not.toContain('123456789012');
      expect(body).toContain(REASONS.ImageNotFound);
      // No heading over nothing: the lead has said it.
      expect(body).not.toContain('What went wrong');
    }
  });

  it('does not take away what the app says', () => {
    const building = { ...BUILDING, ...conditions({ Ready: ['False', 'BuildFailed', 'tsc found 3 errors'] }) };
    for (const body of shown({ state: 'FAILED', status: { conditions: building } }))
      expect(body).toContain('tsc found 3 errors');
  });
});

describe('the html template', () => {
  it('escapes everything but what it made itself', () => {
    const inner = html`<i title="${'"'}">${'<'}</i>`;
    const list = ['&', inner, 7, undefined];
    expect(html`<p>${list}${inner}</p>${undefined}!${'<'}`.text).toBe(
      '<p>&amp;<i title="&quot;">&lt;</i>7<i title="&quot;">&lt;</i></p>!&lt;',
    );
  });
});

describe('the phases', () => {
  const sample: Sample = { state: 'STARTING', status: { conditions: BUILDING, job: BUILDING_JOB } };
  const rows = (body: string): readonly string[] =>
    [...body.matchAll(/<li class="phase .*?<\/li>/g)].map(([row]) => row.replace(/<svg.*?<\/svg>/g, '✓'));

  it('stand one a line: what is done and how long it took, what runs and since when, what is to come', () => {
    const found = rows(page(sample));
    expect(found).toHaveLength(6);
    expect(found[2]).toMatch(/✓.*Install dependencies <small>restored from the cache<\/small>.*>4\.1 s</);
    expect(found[3]).toMatch(/^<li class="phase running" aria-current="step">.*Build/);
    expect(found[3]).toContain(`<span data-since="${Date.parse(ago(14))}">14 s</span>`);
    expect(found[5]).toMatch(/^<li class="phase waiting">.*Wait for the first answer/);
    expect(found[5]).not.toMatch(/\d s/);
  });

  it('name the one that failed, with the faults on lines of their own', () => {
    const message = '.mayfly.yml is not valid:\nbuild: found 5 <x>';
    const failure = { reason: 'RecipeInvalid', message, at: ago(3), final: true, count: 1 } as const;
    const phases = [{ phase: 'recipe', at: ago(4), ms: 1_000, outcome: 'failed' } as const];
    const job = { attempt: 1, outcome: 'failed', phases } as const;
    const body = page({ state: 'FAILED', status: { conditions: BUILDING, failure, job } });
    expect(rows(body)).toEqual([expect.stringMatching(/See how it is run.*failed after 1\.0 s/)]);
    expect(shapeOfPage(body).pre).toContain(message);
  });

  it('are told to programs too, and change the digest only as they begin and end', () => {
    const facts = (job: typeof BUILDING_JOB, now: number) => {
      const view = viewOf(stored({ ...sample, status: { conditions: BUILDING, job } }), PROJECT, now);
      return JSON.parse(environmentAnswer(view, [], { json: true, now }).body) as Record<string, unknown>;
    };
    const first = facts(BUILDING_JOB, NOW);
    expect(first['phases']).toEqual([
      { phase: 'fetch', state: 'done', startedAt: ago(20), seconds: 0.3 },
      expect.objectContaining({ phase: 'recipe', state: 'done', seconds: 0 }),
      expect.objectContaining({ phase: 'install', note: 'restored from the cache', seconds: 4.1 }),
      { phase: 'build', state: 'running', startedAt: ago(14), note: 'web' },
      { phase: 'start', state: 'waiting' },
      { phase: 'healthy', state: 'waiting' },
    ]);
    expect(facts(BUILDING_JOB, NOW + 5_000)['digest']).toBe(first['digest']);
    const further = BUILDING_JOB.phases.map((phase) => ({ ...phase, ms: 20_000, outcome: 'done' as const }));
    expect(facts({ ...BUILDING_JOB, phases: further }, NOW)['digest']).not.toBe(first['digest']);
  });

  it('are not made up where no supervisor tells them', () => {
    const body = page({ state: 'STARTING', status: { conditions: BUILDING } });
    expect(rows(body)).toEqual([]);
    expect(body).not.toContain('class="phases"');
  });
});

describe('the page', () => {
  it('announces what changes, and marks the step that is under way', () => {
    const body = page({ state: 'STARTING', status: { conditions: BUILDING } });
    expect(body).toMatch(
      /<p id="said"[^>]*aria-live="polite">Getting your environment ready\. Code\. The app is being built\.</,
    );
    expect(body).toContain('aria-current="step"');
    expect(body).toContain('<html lang="en">');
  });

  it('refreshes itself without a script too, but only there', () => {
    const body = page({ state: 'STARTING', status: { conditions: BUILDING } });
    expect(body).toContain('<noscript><meta http-equiv="refresh" content="3"></noscript>');
    expect(body.match(/http-equiv="refresh"/g)).toHaveLength(1);
  });

  it('loads nothing from elsewhere', () => {
    const body = page({ state: 'RUNNING', status: { conditions: SERVING } });
    expect(body).not.toMatch(/(?:src|href)="(?!data:)/);
    expect(body).not.toMatch(/@import|url\(/);
  });
});
