import { QueryShapeSerializer } from '@aws-sdk/core/protocols';
import * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2';
import { NormalizedSchema } from '@smithy/core/schema';
import type { StaticStructureSchema } from '@smithy/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeQuery } from '../../../../src/local/aws/wire/query-decode.ts';
import { requiredMembers } from '../../../../src/local/aws/wire/validation.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });

/** Any value that fits the schema, with all required members and some of the others. */
function valueOf(schema: NormalizedSchema): fc.Arbitrary<unknown> {
  if (schema.isStructSchema()) {
    return structOf(schema);
  }
  if (schema.isListSchema()) {
    return fc.array(valueOf(schema.getValueSchema()), { maxLength: 3 });
  }
  if (schema.isMapSchema()) {
    return fc.dictionary(text, valueOf(schema.getValueSchema()), { minKeys: 1, maxKeys: 3 });
  }
  return simpleOf(schema);
}

function simpleOf(schema: NormalizedSchema): fc.Arbitrary<unknown> {
  if (schema.isNumericSchema()) {
    return fc.integer();
  }
  if (schema.isBooleanSchema()) {
    return fc.boolean();
  }
  if (schema.isTimestampSchema()) {
    return fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') });
  }
  return schema.isBlobSchema() ? fc.uint8Array({ maxLength: 8 }) : text;
}

/** A struct without any member leaves no trace in a form, so at least one is set. */
function structOf(schema: NormalizedSchema): fc.Arbitrary<unknown> {
  const required = requiredMembers(schema);
  const members = [...schema.structIterator()];
  const record = Object.fromEntries(
    members.map(([name, member], index) => {
      const value = valueOf(member);
      return [name, required.includes(name) || index === 0 ? value : fc.option(value, { nil: undefined })];
    }),
  );
  return fc.record(record).map((value) => Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)));
}

function encode(schema: NormalizedSchema, value: unknown): URLSearchParams {
  const serializer = new QueryShapeSerializer({
    timestampFormat: { useTrait: true, default: 5 },
    serializeEmptyLists: true,
  });
  serializer.write(schema, value);
  return new URLSearchParams(String(serializer.flush()));
}

const inputs = Object.entries(elbv2)
  .filter(([name]) => name.endsWith('Input$'))
  .map(([name, schema]): [string, StaticStructureSchema] => [name, schema as unknown as StaticStructureSchema]);

describe('decoding of forms', () => {
  it('finds the inputs of the API', () => {
    expect(inputs.length).toBeGreaterThan(40);
  });

  it.each(inputs)('undoes what the SDK writes for %s', (_name, input) => {
    const schema = NormalizedSchema.of(input);
    fc.assert(
      fc.property(valueOf(schema), (value) => {
        expect(decodeQuery(schema, encode(schema, value))).toEqual(value);
      }),
      { numRuns: 20 },
    );
  });

  /** None of the inputs above has flattened lists, maps, timestamps or blobs. */
  const point: StaticStructureSchema = [3, 'test', 'Point', 0, ['x', 'label'], [1, 0], 1];
  const all: StaticStructureSchema = [
    3,
    'test',
    'All',
    0,
    ['flat', 'named', 'map', 'flatMap', 'when', 'epoch', 'bytes', 'points'],
    [
      [64, { xmlFlattened: 1, xmlName: 'Flat' }],
      [[1, 'test', 'Named', 0, [0, { xmlName: 'item' }]], 0],
      128 | 1,
      [[2, 'test', 'FlatMap', 0, [0, { xmlName: 'K' }], [2, { xmlName: 'V' }]], { xmlFlattened: 1 }],
      4,
      7,
      21,
      [[1, 'test', 'Points', 0, () => point], 0],
    ],
  ];

  it('undoes traits of other query services', () => {
    const schema = NormalizedSchema.of(all);
    fc.assert(
      fc.property(valueOf(schema), (value) => {
        expect(decodeQuery(schema, encode(schema, value))).toEqual(value);
      }),
    );
  });

  const bad: [string, string, RegExp][] = [
    ['a list that is a value', 'points=1', /'points'.*points.member.N/],
    ['a list with a bad index', 'points.member.one.x=1', /index 'one' at 'points'/],
    ['a number that is none', 'points.member.1.x=many', /'points.1.member.x'.*be a number/],
    ['a missing required member', 'points.member.2.label=a', /null at 'points.2.member.x'.*not be null/],
    ['a map entry without a value', 'map.entry.1.key=a', /'map.1'.*key and a value/],
    ['a boolean that is none', 'flatMap.1.K=a&flatMap.1.V=yes', /'flatMap.a'.*true or false/],
    ['a timestamp that is none', 'when=yesterday', /'when'.*timestamp/],
    ['a structure where a value belongs', 'when.then=1', /'when'.*single value/],
  ];
  it.each(bad)('refuses %s', (_what, form, message) => {
    expect(() => decodeQuery(NormalizedSchema.of(all), new URLSearchParams(form))).toThrow(message);
  });

  it('orders by index, and lets gaps and unknown members pass', () => {
    const form = new URLSearchParams('points.member.10.x=2&points.member.9.x=1&other.member.1=z&__proto__.polluted=1');
    expect(decodeQuery(NormalizedSchema.of(all), form)).toEqual({ points: [{ x: 1 }, { x: 2 }] });
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('never fails but by naming a member', () => {
    const key = fc.array(
      fc.constantFrom('points', 'member', '1', 'x', 'map', 'entry', 'key', 'value', 'flat', '', '__proto__'),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.string())), (pairs) => {
        const form = new URLSearchParams(pairs.map(([parts, value]): [string, string] => [parts.join('.'), value]));
        try {
          decodeQuery(NormalizedSchema.of(all), form);
        } catch (error) {
          expect(error).toMatchObject({ name: 'InvalidMember' });
        }
      }),
    );
  });
});
