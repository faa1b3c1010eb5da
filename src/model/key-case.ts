/** snake_case in the table, where people read and edit; camelCase in code. Only the keys of one level are turned. */

export type SnakeKey<Key> = Key extends `${infer First}${infer Rest}`
  ? First extends Lowercase<First>
    ? `${First}${SnakeKey<Rest>}`
    : `_${Lowercase<First>}${SnakeKey<Rest>}`
  : Key;

type CamelKey<Key> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelKey<Tail>>}` : Key;

type CamelKeys<Shape> = { [Key in keyof Shape as CamelKey<Key & string>]: Shape[Key] };

export function camelKeys<Shape extends object>(value: Shape): CamelKeys<Shape> {
  const camel = (key: string): string => key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  return turned(value, camel) as CamelKeys<Shape>;
}

/** Members that are `undefined` are left out: an absent attribute and an undefined member mean the same. */
export function snakeKeys(value: object): Record<string, unknown> {
  return turned(value, (key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

function turned(value: object, turn: (key: string) => string): Record<string, unknown> {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [turn(key), member]));
}
