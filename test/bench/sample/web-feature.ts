/** Twenty files of the front end for each feature, as such applications have them. */
import { makeRandom, type Random } from './random.ts';
import { AMOUNTS, FIELDS, type Feature, ICONS, pascal } from './words.ts';

/** What the templates of one feature share. */
interface Terms {
  readonly word: string;
  readonly type: string;
  readonly field: string;
  readonly other: string;
  readonly amount: string;
  readonly icon: string;
  readonly limit: number;
}

export function featureFiles(feature: Feature, seed: number): Readonly<Record<string, string>> {
  const terms = termsOf(feature, makeRandom(seed));
  const at = (path: string): string => `src/features/${feature}/${path}`;
  const views = ['table', 'row', 'card', 'filters', 'badge', 'dialog', 'toolbar', 'timeline', 'summary'];
  return {
    [at('types.ts')]: types(terms),
    [at('api.ts')]: api(terms),
    [at('format.ts')]: format(terms),
    ...Object.fromEntries(
      ['list', 'one', 'save', 'filter'].map((name) => [at(`hooks/use-${name}.ts`), hook(terms, name)]),
    ),
    ...Object.fromEntries(views.map((name, index) => [at(`components/${name}.tsx`), view(terms, name, index)])),
    [at('components/form.tsx')]: form(terms),
    ...Object.fromEntries(
      ['list', 'detail', 'edit'].map((name) => [at(`pages/${name}.tsx`), page(terms, name, views)]),
    ),
  };
}

function termsOf(feature: Feature, random: Random): Terms {
  const first = random.integer(FIELDS.length);
  return {
    word: feature,
    type: pascal(feature),
    field: FIELDS[first] ?? 'label',
    other: FIELDS[(first + 1 + random.integer(FIELDS.length - 1)) % FIELDS.length] ?? 'remark',
    amount: random.pick(AMOUNTS),
    icon: random.pick(ICONS),
    limit: 20 + random.integer(80),
  };
}

const types = ({
  type,
  field,
  other,
  amount,
}: Terms): string => `export type ${type}State = 'open' | 'planned' | 'closed';

export interface ${type} {
  readonly id: string;
  readonly ${field}: string;
  readonly ${other}: string;
  readonly ${amount}: number;
  readonly state: ${type}State;
  readonly updatedAt: string;
}

export interface ${type}Draft {
  readonly ${field}: string;
  readonly ${other}: string;
  readonly ${amount}: number;
}

export const EMPTY_${type.toUpperCase()}: ${type}Draft = { ${field}: '', ${other}: '', ${amount}: 0 };
`;

const api = ({ word, type }: Terms): string => `import { getJson, sendJson } from '../../lib/http.ts';
import type { ${type}, ${type}Draft } from './types.ts';

const ROOT = '/api/${word}';

export function fetch${type}s(signal?: AbortSignal): Promise<readonly ${type}[]> {
  return getJson(ROOT, signal);
}

export function fetch${type}(id: string, signal?: AbortSignal): Promise<${type}> {
  return getJson(\`\${ROOT}/\${encodeURIComponent(id)}\`, signal);
}

export function save${type}(id: string | undefined, draft: ${type}Draft): Promise<${type}> {
  return id === undefined ? sendJson('POST', ROOT, draft) : sendJson('PUT', \`\${ROOT}/\${encodeURIComponent(id)}\`, draft);
}

export function remove${type}(id: string): Promise<void> {
  return sendJson('DELETE', \`\${ROOT}/\${encodeURIComponent(id)}\`, undefined);
}
`;

const format = ({ type, field, amount, limit }: Terms): string => `import { formatNumber } from '../../lib/numbers.ts';
import type { ${type}, ${type}State } from './types.ts';

const NAMES: Readonly<Record<${type}State, string>> = {
  open: 'Open ${type.toLowerCase()}',
  planned: 'Planned for later',
  closed: 'Closed and archived',
};

export function stateName(state: ${type}State): string {
  return NAMES[state];
}

export function titleOf(item: ${type}): string {
  return \`\${item.${field}} (\${formatNumber(item.${amount})})\`;
}

export function isLarge(item: ${type}): boolean {
  return item.${amount} > ${limit};
}

export function compare(a: ${type}, b: ${type}): number {
  return a.${field}.localeCompare(b.${field}) || b.${amount} - a.${amount};
}
`;

function hook(terms: Terms, name: string): string {
  const { word, type, field, other } = terms;
  const bodies: Readonly<Record<string, string>> = {
    list: `import { useQuery } from '@tanstack/react-query';
import { fetch${type}s } from '../api.ts';
import { compare } from '../format.ts';

export function use${type}List() {
  return useQuery({
    queryKey: ['${word}'],
    queryFn: ({ signal }) => fetch${type}s(signal),
    select: (items) => items.toSorted(compare),
    staleTime: 30_000,
  });
}
`,
    one: `import { useQuery } from '@tanstack/react-query';
import { fetch${type} } from '../api.ts';

export function use${type}(id: string | undefined) {
  return useQuery({
    queryKey: ['${word}', id],
    queryFn: ({ signal }) => fetch${type}(id ?? '', signal),
    enabled: id !== undefined,
  });
}
`,
    save: `import { useMutation, useQueryClient } from '@tanstack/react-query';
import { remove${type}, save${type} } from '../api.ts';
import type { ${type}Draft } from '../types.ts';

export function useSave${type}(id: string | undefined) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (draft: ${type}Draft) => save${type}(id, draft),
    onSuccess: () => client.invalidateQueries({ queryKey: ['${word}'] }),
  });
}

export function useRemove${type}() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: remove${type},
    onSuccess: () => client.invalidateQueries({ queryKey: ['${word}'] }),
  });
}
`,
    filter: `import { useMemo, useState } from 'react';
import { includesText } from '../../../lib/text.ts';
import type { ${type}, ${type}State } from '../types.ts';

export interface ${type}Filter {
  readonly text: string;
  readonly state: ${type}State | 'any';
}

export function use${type}Filter(items: readonly ${type}[]) {
  const [filter, setFilter] = useState<${type}Filter>({ text: '', state: 'any' });
  const shown = useMemo(
    () =>
      items.filter(
        (item) =>
          (filter.state === 'any' || item.state === filter.state) &&
          (includesText(item.${field}, filter.text) || includesText(item.${other}, filter.text)),
      ),
    [items, filter],
  );
  return { filter, setFilter, shown };
}
`,
  };
  return bodies[name] ?? '';
}

/** Parts of a page that show one item; their numbers of elements differ. */
function view({ type, word, field, other, amount, icon, limit }: Terms, name: string, index: number): string {
  const part = `${type}${pascal(name)}`;
  const lines = Array.from({ length: 2 + (index % 4) }, (_, line) => {
    const shown = [field, other, amount, 'updatedAt'][line % 4] ?? field;
    return `        <Stack direction="row" spacing={${1 + (line % 3)}} key="${name}-${line}">
          <Typography variant="${line % 2 === 0 ? 'body2' : 'caption'}" color="text.secondary">
            ${pascal(shown)} of this ${word}, ${name} ${line + 1}
          </Typography>
          <Typography variant="body2">{String(item.${shown})}</Typography>
        </Stack>`;
  });
  return `import { useCallback, useState } from 'react';
import ${icon}Icon from '@mui/icons-material/${icon}';
import { Box, Button, Card, CardContent, Chip, Divider, Stack, Tooltip, Typography } from '@mui/material';
import { Panel } from '../../../components/panel-${index + 1}.tsx';
import { isLarge, stateName, titleOf } from '../format.ts';
import type { ${type} } from '../types.ts';

export interface ${part}Props {
  readonly item: ${type};
  readonly onChoose?: (id: string) => void;
  readonly dense?: boolean;
}

export function ${part}({ item, onChoose, dense = false }: ${part}Props) {
  const [open, setOpen] = useState(!dense);
  const choose = useCallback(() => {
    setOpen((was) => !was);
    onChoose?.(item.id);
  }, [item.id, onChoose]);
  return (
    <Panel title={titleOf(item)} tone={isLarge(item) ? 'loud' : 'quiet'}>
      <Card variant="outlined" sx={{ minHeight: ${40 + ((limit * (index + 3)) % 160)}, mb: ${1 + (index % 3)} }}>
        <CardContent sx={{ display: open ? 'block' : 'none', p: ${(index % 4) + 1} }}>
          <Chip icon={<${icon}Icon />} label={stateName(item.state)} size="small" />
          <Divider sx={{ my: 1 }} />
${lines.join('\n')}
        </CardContent>
        <Box sx={{ display: 'flex', gap: 1, justifyContent: 'flex-end', p: 1 }}>
          <Tooltip title={open ? 'Hide the ${name} of this ${word}' : 'Show the ${name} of this ${word}'}>
            <Button size="small" onClick={choose}>
              {open ? 'Less' : 'More'}
            </Button>
          </Tooltip>
        </Box>
      </Card>
    </Panel>
  );
}
`;
}

const form = ({ type, word, field, other, amount }: Terms): string => `import { type FormEvent, useState } from 'react';
import { Alert, Button, FormControl, InputLabel, MenuItem, Select, Stack, TextField } from '@mui/material';
import { useSave${type} } from '../hooks/use-save.ts';
import { EMPTY_${type.toUpperCase()}, type ${type}Draft } from '../types.ts';

export interface ${type}FormProps {
  readonly id?: string;
  readonly initial?: ${type}Draft;
}

export function ${type}Form({ id, initial = EMPTY_${type.toUpperCase()} }: ${type}FormProps) {
  const [draft, setDraft] = useState(initial);
  const saving = useSave${type}(id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate(draft);
  };
  return (
    <Stack component="form" spacing={2} onSubmit={submit}>
      {saving.isError && <Alert severity="error">The ${word} was not saved: {String(saving.error)}</Alert>}
      <TextField
        label="${pascal(field)}"
        value={draft.${field}}
        onChange={({ target }) => setDraft({ ...draft, ${field}: target.value })}
      />
      <TextField
        label="${pascal(amount)}"
        type="number"
        value={draft.${amount}}
        onChange={({ target }) => setDraft({ ...draft, ${amount}: Number(target.value) })}
      />
      <FormControl>
        <InputLabel id="${word}-${other}">${pascal(other)}</InputLabel>
        <Select
          labelId="${word}-${other}"
          value={draft.${other}}
          onChange={({ target }) => setDraft({ ...draft, ${other}: target.value })}
        >
          {['north', 'east', 'south', 'west'].map((value) => (
            <MenuItem key={value} value={value}>
              {value}
            </MenuItem>
          ))}
        </Select>
      </FormControl>
      <Button type="submit" variant="contained" disabled={saving.isPending}>
        Save this ${word}
      </Button>
    </Stack>
  );
}
`;

function page({ type, word }: Terms, name: string, views: readonly string[]): string {
  const used = { list: views.slice(0, 4), detail: views.slice(4), edit: views.slice(0, 2) }[name] ?? [];
  const imports = used.map((view) => `import { ${type}${pascal(view)} } from '../components/${view}.tsx';`);
  const parts = used.map((view) => `          <${type}${pascal(view)} key={\`${view}-\${item.id}\`} item={item} />`);
  const formLine = name === 'edit' ? `      <${type}Form />\n` : '';
  return `import { Alert, Grid, LinearProgress, Stack, TextField, Typography } from '@mui/material';
import { Link } from 'react-router-dom';
import { useTitle } from '../../../hooks/use-title.ts';
${imports.join('\n')}
${name === 'edit' ? `import { ${type}Form } from '../components/form.tsx';\n` : ''}import { use${type}Filter } from '../hooks/use-filter.ts';
import { use${type}List } from '../hooks/use-list.ts';

export default function ${type}${pascal(name)}Page() {
  useTitle('${pascal(name)} of ${word}');
  const { data = [], isPending, error } = use${type}List();
  const { filter, setFilter, shown } = use${type}Filter(data);
  if (isPending) return <LinearProgress />;
  if (error) return <Alert severity="error">{error.message}</Alert>;
  return (
    <Stack spacing={2}>
      <Typography variant="h4">${pascal(word)}: ${name}</Typography>
      <TextField
        label="Search in ${word}"
        value={filter.text}
        onChange={({ target }) => setFilter({ ...filter, text: target.value })}
      />
${formLine}      <Grid container spacing={2}>
        {shown.map((item) => (
          <Grid key={item.id} size={{ xs: 12, md: 6 }}>
            <Link to={\`/${word}/detail?id=\${item.id}\`}>{item.id}</Link>
${parts.join('\n')}
          </Grid>
        ))}
      </Grid>
    </Stack>
  );
}
`;
}
