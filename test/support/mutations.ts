import fc from 'fast-check';

/** What stands in place of a value: other types, extremes, and what may be taken for something else. */
const nonsense = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 65_536, 256),
  fc.constantFrom<unknown>(
    '',
    ' ',
    'video/VP8',
    'audio/opus',
    'video/rtx',
    '__proto__',
    '\u0000',
    '💥',
    'x'.repeat(5_000),
  ),
  fc.constantFrom<unknown>([], {}, [[]], [null], [{}], { length: -1 }, Array(300).fill({})),
  fc.jsonValue({ maxDepth: 2 }),
);

type Mutation = { at: number } & ({ kind: 'remove' | 'twice' } | { kind: 'replace'; value: unknown });

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ at: fc.nat(), kind: fc.constantFrom<'remove' | 'twice'>('remove', 'twice') }),
  fc.record({ at: fc.nat(), kind: fc.constant<'replace'>('replace'), value: nonsense }),
);

/** A valid value with one to four places removed, doubled or replaced by nonsense. */
export function mutated(valid: unknown): fc.Arbitrary<unknown> {
  return fc
    .array(mutation, { minLength: 1, maxLength: 4 })
    .map((mutations) => mutations.reduce(mutate, valid));
}

function mutate(value: unknown, { at, ...how }: Mutation): unknown {
  const copy: unknown = structuredClone(value);
  const places = placesIn(copy);
  const place = places[at % Math.max(1, places.length)];
  if (!place) return how.kind === 'replace' ? how.value : copy;
  const { parent, key } = place;
  if (how.kind === 'replace') Reflect.set(parent, key, how.value);
  else if (how.kind === 'remove') remove(parent, key);
  else if (Array.isArray(parent)) parent.push(structuredClone(parent[Number(key)]));
  return copy;
}

function remove(parent: object, key: string): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else Reflect.deleteProperty(parent, key);
}

function placesIn(value: unknown): { parent: object; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [{ parent: value, key }, ...placesIn(child)]);
}
