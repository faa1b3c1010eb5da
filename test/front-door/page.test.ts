import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Audience } from '../../src/front-door/answer.ts';
import { environmentAnswer } from '../../src/front-door/answer.ts';
import { html } from '../../src/front-door/html.ts';
import type { ConditionType } from '../../src/model/conditions.ts';
import { REASONS, type Reason } from '../../src/model/reasons.ts';
import { viewOf } from '../../src/status/view.ts';
import { hostile, shapeOfPage } from '../status/hostile.ts';
import { BUILDING, conditions, NOW, PROJECT, type Sample, SERVING, SOURCE, stored } from '../status/samples.ts';

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
