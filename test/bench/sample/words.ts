/** What the sample application is about: the desk of a harbour. */
export const FEATURES = [
  'berth',
  'vessel',
  'pilot',
  'cargo',
  'crane',
  'customs',
  'tide',
  'tug',
  'invoice',
  'crew',
  'manifest',
  'gate',
  'yard',
  'container',
  'agent',
  'permit',
  'incident',
  'shift',
  'weather',
  'contract',
] as const;

export type Feature = (typeof FEATURES)[number];

export const FIELDS = ['label', 'reference', 'owner', 'quay', 'remark', 'supervisor', 'channel', 'sector'] as const;
export const AMOUNTS = ['length', 'draught', 'tonnage', 'fee', 'delay', 'capacity', 'height', 'priority'] as const;
export const ICONS = [
  'Anchor',
  'Sailing',
  'Warehouse',
  'LocalShipping',
  'Waves',
  'Groups',
  'Receipt',
  'Badge',
] as const;

/** `berth` as a type is `Berth`. */
export function pascal(word: string): string {
  return word
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}
