/** Where a value stands in mayfly.yaml. */
export type Path = readonly (string | number)[];

/** `projects.app.network.subnets[0]` */
export function pathText(path: Path): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  return text.replace(/^\./, '') || '(the file)';
}
