/** How each act of a story is done, and its words. */
import type { Act } from '../scenarios/scenario.ts';
import type { Stage } from './stage.ts';
import { doInAws } from './act-aws.ts';
import { doOnGitHub } from './act-github.ts';
import { doToReplicas } from './act-replicas.ts';
import { doInTheTable } from './act-table.ts';
import type { StoryAct } from './story.ts';

export function actOf(stage: () => Stage, doing: StoryAct): Act {
  const { who, text } = wordsOf(doing);
  return { at: doing.at, who, text, act: () => perform(stage(), doing) };
}

function perform(stage: Stage, doing: StoryAct): void {
  switch (doing.kind) {
    case 'open':
    case 'label':
    case 'unlabel':
    case 'close':
    case 'reopen':
    case 'merge':
    case 'title':
    case 'comment':
    case 'push':
    case 'delete-branch':
    case 'restore-branch':
      return doOnGitHub(stage, doing);
    case 'edit':
    case 'override':
    case 'drop-override':
    case 'paste':
    case 'delete-item':
    case 'empty-table':
    case 'pause':
      return doInTheTable(stage, doing);
    case 'kill':
    case 'stop':
    case 'freeze':
    case 'fast-clock':
    case 'kill-all':
      return doToReplicas(stage, doing);
    default:
      return doInAws(stage, doing);
  }
}

const PEOPLE = { github: 'ada', table: 'eve', world: 'the world' } as const;

/** One line of the story. */
export function wordsOf(doing: StoryAct): { readonly who: string; readonly text: string } {
  const { at: _at, kind, ...rest } = doing;
  const details = Object.entries(rest).map(([name, value]) => detail(name, value));
  return { who: whoDoes(kind), text: [kind, ...details].join(' ') };
}

function detail(name: string, value: unknown): string {
  if (name === 'branch' || name === 'replica' || name === 'label') return String(value);
  if (name.endsWith('Ms')) return `${name.slice(0, -2)} ${Number(value) / 1_000} s`;
  return `${name} ${JSON.stringify(value)}`;
}

function whoDoes(kind: StoryAct['kind']): string {
  if (kind in IN_TABLE) return PEOPLE.table;
  return kind in ON_GITHUB ? PEOPLE.github : PEOPLE.world;
}

const IN_TABLE = {
  edit: 1,
  override: 1,
  'drop-override': 1,
  paste: 1,
  'delete-item': 1,
  'empty-table': 1,
  pause: 1,
} as const;
const ON_GITHUB = {
  open: 1,
  label: 1,
  unlabel: 1,
  close: 1,
  reopen: 1,
  merge: 1,
  title: 1,
  comment: 1,
  push: 1,
} as const;
