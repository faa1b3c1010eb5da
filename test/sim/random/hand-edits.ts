/** Attributes as people get them wrong (P10), and as they may set them. */
import type { Attributes } from './story.ts';

const LONG = 'x'.repeat(300);

/** Each makes a record that is not understood, or that contradicts itself; it is corrected later. */
export const WRONG: readonly Attributes[] = [
  { project: null },
  { project: 7 },
  { project: 'nothing' },
  { repo: null },
  { repo: 'web' },
  { repo: ['octo/web'] },
  { branch: null },
  { branch: 'has space' },
  { branch: LONG },
  { branch: { name: 'one' } },
  { commit: 'main' },
  { commit: 12 },
  { image_tag: 'not a tag' },
  { image_tag: LONG },
  { image_tag: true },
  { image_tag: 'no-such-tag' },
  { wanted: null },
  { wanted: 'yes' },
  { wanted: 1 },
  { sources: 'none' },
  { sources: { 'pull/x': {} } },
  { sources: { 'pull/1': { wanted: 'yes' } } },
  { intake_rev: 'x' },
  { intake_rev: -1 },
  { override: 'off' },
  { override: { wnated: false } },
  { override: { wanted: 'no' } },
  { override: { until: 'tomorrow' } },
  { override: { image_tag: 'not a tag', branch: '-x' } },
  { override: { env: { 'A-B': 'x' } } },
  { visited_at: 'now' },
  { clashes: 7 },
  { wanted: 'yes', branch: 3, commit: 'x', image_tag: [], override: [] },
];

/** Understood, or the operator's own: they stay as they are put. */
export const ODD: readonly Attributes[] = [
  { status: null },
  { status: 'RUNNING' },
  { status: { rev: 0 } },
  { status: { rev: 'many', attempt: 'none', conditions: [] } },
  { status: { rev: 3, attempt: { number: 99 }, rule_priority: 'high', comments: 7, deployments: { a: 1 } } },
  { state: 'GREAT' },
  { state: null, status: null },
  { intake_rev: 900_000 },
  { intake_rev: null },
  { expires_at: 'never' },
  { note: 'do not touch, demo on friday' },
  { visited_at: '2026-01-05T09:00:00Z' },
];

export const RIGHT: readonly Attributes[] = [
  { image_tag: 'staging' },
  { image_tag: 'latest' },
  { image_tag: null },
  { wanted: false },
  { wanted: true },
  { commit: null },
  { commit: 'a'.repeat(40) },
  { commit: 'b'.repeat(40), image_tag: 'staging' },
  { branch: 'main', commit: null },
  { wanted: true, image_tag: 'staging', commit: null },
];

export const OVERRIDES: readonly Attributes[] = [
  { wanted: false },
  { wanted: true },
  { branch: 'main' },
  { commit: 'c'.repeat(40) },
  { image_tag: 'staging' },
  { image_tag: 'latest', wanted: true },
  { env: { DEBUG: '1', GREETING: 'hello there' } },
  { keep: true },
  { paused: true },
];
