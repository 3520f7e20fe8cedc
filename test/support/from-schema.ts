import fc from 'fast-check';
import { misfit, type Schema } from './openapi.ts';

/** Strings that have broken servers before, beside those that fit most schemas. */
const words = [
  'tea',
  'ada',
  'a-b_c',
  '*',
  '"a.1"',
  'W/"a.1"',
  '"", "x"',
  '2026-11-21T12:00:00Z',
  '2026-11-21T12:00:00.000+02:00',
  '1',
  '-1',
  '1e9',
  '9007199254740993',
  'true',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  'a/b',
  'a%2Fb',
  '%',
  '\\',
  "'; DROP TABLE slots; --",
  '<script>',
  '${x}',
  'ü 😀 ‮ ﷽',
  'eyJpZCI6MX0',
  '00000000-0000-4000-8000-000000000000',
  'a\0b',
  'a\nb',
  'x'.repeat(200),
];

const text = fc.oneof(
  fc.constantFrom(...words),
  fc.string({ unit: 'grapheme', maxLength: 24 }),
  fc.uuid(),
  fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/),
);

/** Whatever JSON can say. */
const anything: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.jsonValue({ maxDepth: 2 }),
  fc.double(),
  fc.maxSafeInteger(),
);

/** Values that fit a schema. @throws Error where none of the strings known here would. */
export function fitting(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(fitting));
  const { type = 'anything' } = schema;
  switch (type) {
    case 'string':
      return fittingText(schema);
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6 });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(fitting(schema.items ?? {}), { maxLength: 4 });
    case 'object': {
      const properties = Object.entries(schema.properties ?? {});
      return fc.record(Object.fromEntries(properties.map(([name, of]) => [name, fitting(of)])), {
        requiredKeys: schema.required ?? [],
        noNullPrototype: true,
      });
    }
    default:
      return anything;
  }
}

function fittingText(schema: Schema): fc.Arbitrary<string> {
  const fits = (one: string) => misfit(schema, one) === undefined;
  const known = words.filter(fits);
  if (known.length === 0) throw new Error(`no word fits ${JSON.stringify(schema)}: add one`);
  return fc.oneof(
    fc.constantFrom(...known),
    text.map((one) => (fits(one) ? one : (known[0] ?? ''))),
  );
}

/** Values of which most do not fit: something else, or what fits with one thing changed, left out or added. */
export function unfitting(schema: Schema): fc.Arbitrary<unknown> {
  const object = schema.anyOf?.find(({ type }) => type === 'object') ?? schema;
  if (object.type !== 'object') {
    const wrong = words.filter((one) => misfit(object, one) !== undefined);
    return wrong.length === 0 ? anything : fc.oneof(anything, fc.constantFrom(...wrong));
  }
  const names = [...Object.keys(object.properties ?? {}), 'extra', '__proto__'];
  return fc.oneof(
    anything,
    fc
      .tuple(fitting(object), fc.constantFrom(...names), anything, fc.boolean())
      .map(([value, name, wrong, drop]) => {
        const others = Object.entries(value as object).filter(([key]) => key !== name);
        return Object.fromEntries(drop ? others : [...others, [name, wrong]]);
      }),
  );
}
