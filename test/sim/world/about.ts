/** What a call is about, in a word for people who read a trace. */
type Fields = Readonly<Record<string, unknown>>;

/** `tt-one`, `task 3f2a91`, `rule 8c21aa`, `3 tasks`. */
export function aboutAws(operation: string, input: object): string {
  const fields = input as Fields;
  const one = ABOUT.find(([name]) => fields[name] !== undefined);
  if (!one) return operation;
  const [name, show] = one;
  return show(fields[name], fields);
}

const shortId = (arn: unknown): string => String(arn).split(/[/:]/).at(-1)?.slice(0, 6) ?? '';
const lastPart = (arn: unknown): string => String(arn).split('/').at(-1) ?? '';

const ABOUT: readonly (readonly [string, (value: unknown, fields: Fields) => string])[] = [
  ['group', (value) => String(value)],
  ['task', (value) => `task ${shortId(value)}`],
  ['tasks', (value) => (value as readonly unknown[]).map((arn) => `task ${shortId(arn)}`).join(', ')],
  ['startedBy', (value) => `of ${String(value)}`],
  ['Name', (value) => String(value)],
  ['Conditions', (value, fields) => `${hostOf(value)} at ${String(fields['Priority'])}${weightsOf(fields)}`],
  ['RuleArn', (value, fields) => `rule ${shortId(value)}${weightsOf(fields)}`],
  [
    'Targets',
    (value, fields) => `${(value as readonly { Id: string }[]).map(({ Id }) => Id).join(', ')} in ${groupOf(fields)}`,
  ],
  ['TargetGroupArn', (value) => `group ${String(value).split('/').at(-2) ?? ''}`],
  ['family', (value) => String(value)],
  ['taskDefinition', (value) => lastPart(value)],
  ['repositoryName', (value) => String(value)],
  ['logStreamName', (value) => String(value)],
];

function hostOf(conditions: unknown): string {
  const [first] = conditions as readonly {
    HostHeaderConfig?: { Values?: readonly string[] };
    Values?: readonly string[];
  }[];
  return (first?.HostHeaderConfig?.Values ?? first?.Values ?? []).join(', ');
}

function groupOf(fields: Fields): string {
  return `group ${String(fields['TargetGroupArn']).split('/').at(-2) ?? ''}`;
}

function weightsOf(fields: Fields): string {
  const [action] = (fields['Actions'] ?? []) as readonly {
    ForwardConfig?: { TargetGroups?: readonly { Weight?: number }[] };
  }[];
  const weights = action?.ForwardConfig?.TargetGroups?.map(({ Weight }) => Weight ?? 1);
  return weights ? ` weights ${weights.join('/')}` : '';
}
