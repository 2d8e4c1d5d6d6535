/** Reading JSON item by item gives the same value as JSON.parse, wherever the chunks end. */
import fc from 'fast-check';
import {
  maxItemBytes,
  readItems,
  splitDocument,
  tooLarge,
} from '../../src/platform/contract/bodies/json-items';
import { type JsonPart, readParts } from '../../src/platform/contract/bodies/json-parts';

/** A text in chunks of `size` bytes. */
async function* piecesOf(text: string, size: number, { start, end } = { start: 0, end: Infinity }) {
  const bytes = Buffer.from(text).subarray(start, end);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The document with its items put back into its lists. */
async function readByItem(text: string, size: number): Promise<unknown> {
  const { document, lists } = await splitDocument(piecesOf(text, size));
  if (Array.isArray(document)) {
    const items = await readByPart(text, size);
    expect(items).toHaveLength(document.length);
    return items;
  }
  for (const [name, extent] of lists) {
    const list = (document as Record<string, unknown[]>)[name] as unknown[];
    expect(list).toHaveLength(extent.items);
    const items = await all(readItems(piecesOf(text, size, extent)));
    Object.defineProperty(document, name, { value: items, enumerable: true, configurable: true });
  }
  return document;
}

/** The members of the outermost object or array, read part by part. */
async function readByPart(text: string, size: number): Promise<unknown> {
  const root = readParts((start, end) => piecesOf(text, size, { start, end }), Buffer.byteLength(text));
  const members: [string, unknown][] = [];
  for await (const [name, part] of root.members()) members.push([name, part.value]);
  return text.trimStart().startsWith('[') ? members.map(([, value]) => value) : Object.fromEntries(members);
}

const sizes = [1, 2, 3, 7, 64 * 1024];

test.each<[string, string]>([
  ['nothing', '{}'],
  ['empty lists', '{"a":[],"b":[ \t\r\n]}'],
  ['items of every kind', '{"a":[1,-2.5e3,"x",null,true,{},[],{"b":[1,[2]]},[{"c":","}]],"d":1}'],
  ['white space', ' { "a" : [ 1 , 2 ] , "b" : { "c" : [ 3 ] } } '],
  ['brackets and escapes in strings', '{"[\\"":["]","\\\\","\\\\\\"],[",{"}":"{["}],"b":"[1,2]"}'],
  ['characters of many bytes', '{"ä😀":["é","😀,",["€"]]}'],
  ['a repeated name', '{"a":[1],"a":[2,3],"b":[4],"b":5}'],
  ['escaped names', '{"\\u0061":[1],"a\\n":[2]}'],
  ['names of properties of every object', '{"__proto__":[1],"constructor":[2],"length":[3]}'],
  ['such names in items', '{"a":[{"__proto__":{"b":1},"toString":2}]}'],
  ['a list', '[[1],[2]]'],
  ['a list of objects', '[{"a":[1]}]'],
  ['text', '"[1]"'],
  ['a number', '7'],
])('%s', async (_what, text) => {
  for (const size of sizes) {
    const read = await readByItem(text, size);
    expect(read).toEqual(JSON.parse(text));
    expect(JSON.stringify(read)).toBe(JSON.stringify(JSON.parse(text)));
  }
});

test('any document gives the same value as JSON.parse', async () => {
  const values = fc.dictionary(fc.string(), fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()));
  await fc.assert(
    fc.asyncProperty(
      values,
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(0, 1),
      async (value, size, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(await readByItem(text, size)).toEqual(JSON.parse(text));
        expect(await readByPart(text, size)).toEqual(JSON.parse(text));
      },
    ),
  );
});

describe('text that is not JSON', () => {
  const text = '{"a":[{"b":[1,"x\\n"]},2, null],"c":{"d":[]},"e":[]}';
  const isJson = (each: string) => {
    try {
      JSON.parse(each);
      return true;
    } catch {
      return false;
    }
  };

  test('is rejected if any byte of it is replaced, as JSON.parse does', async () => {
    for (let at = 0; at < text.length; at++) {
      for (const other of ['', ',', ':', '"', '[', ']', '{', '}', '\\', ' ', '\u00a0', '0', ',,', '][']) {
        const each = text.slice(0, at) + other + text.slice(at + 1);
        const reading = splitDocument(piecesOf(each, 5));
        if (isJson(each)) await expect(reading).resolves.toBeDefined();
        else await expect(reading).rejects.toThrow();
      }
    }
  });

  test('is rejected if it is cut short', async () => {
    for (let end = 1; end < text.length; end++) {
      await expect(splitDocument(piecesOf(text.slice(0, end), 5))).rejects.toThrow();
    }
  });
});

test('an item that is too large is marked, and the others are read', async () => {
  const large = JSON.stringify('x'.repeat(maxItemBytes - 2));
  const text = `{"a":[1,${large},${large} ,2]}`;
  const { lists } = await splitDocument(piecesOf(text, 64 * 1024));
  const items = await all(readItems(piecesOf(text, 64 * 1024, lists.get('a'))));
  expect(items.map((item) => (typeof item === 'string' ? item.length : item))).toEqual([
    1,
    maxItemBytes - 2,
    tooLarge,
    2,
  ]);
});

describe('a large object outside of the items', () => {
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'xé'.repeat(50)]));
  const value = {
    a: { b: many(20_000), c: [1, 2] },
    'a "name" \\': many(20_000),
    d: many(2),
    e: [many(20_000)],
  };
  const text = JSON.stringify(value, null, 1);
  const large = () =>
    readParts((start, end) => piecesOf(text, 64 * 1024, { start, end }), Buffer.byteLength(text));

  test('is left out of the document', async () => {
    const { document } = await splitDocument(piecesOf(text, 64 * 1024));
    expect(document).toEqual({ a: tooLarge, 'a "name" \\': tooLarge, d: many(2), e: Array(1) });
  });

  test('is read part by part', async () => {
    const rebuilt = async (part: JsonPart): Promise<unknown> => {
      if (part.value !== tooLarge) return part.value;
      const members: [string, unknown][] = [];
      for await (const [name, member] of part.members()) members.push([name, await rebuilt(member)]);
      return Object.fromEntries(members);
    };
    expect(await rebuilt(large())).toEqual({ ...value, e: { 0: many(20_000) } });
  });
});

test.each<[string, string]>([
  ['a missing comma', `{"a":{"b":"${'x'.repeat(maxItemBytes)}","c":{} "d":1}}`],
  ['a member without a name', `{"a":{"b":"${'x'.repeat(maxItemBytes)}",1}}`],
  ['a large value without a name', `{"a":{"${'x'.repeat(maxItemBytes)}"}}`],
])('a part with %s is no JSON', async (_what, text) => {
  const read = async (part: JsonPart): Promise<void> => {
    for await (const [, member] of part.members()) await read(member);
  };
  const root = readParts((start, end) => piecesOf(text, 64 * 1024, { start, end }), text.length);
  await expect(read(root)).rejects.toMatchObject({ code: 'malformed-body' });
});

test.each<[string, string]>([
  ['a long string', `{"a":"${'x'.repeat(maxItemBytes)}"}`],
  ['thousands of lists', `{${'"a":[],'.repeat(maxItemBytes / 7)}"b":1}`],
  ['white space', `{"a":[],${' '.repeat(maxItemBytes)}"b":1}`],
])('%s outside of items is rejected if it is too large', async (_what, text) => {
  await expect(splitDocument(piecesOf(text, 64 * 1024))).rejects.toMatchObject({ code: 'content-too-large' });
});

test.each<[string, string]>([
  ['nests too deep', `{"a":[${'['.repeat(63)}${']'.repeat(63)}]}`],
  ['consists of empty objects', `{"a":[${'{},'.repeat(30_000)}{}]}`],
])('a document that %s is rejected', async (_what, text) => {
  await expect(splitDocument(piecesOf(text, 1000))).rejects.toThrow(/too many levels|mostly of empty/);
});

test('the maximum depth of nesting is accepted', async () => {
  await expect(
    splitDocument(piecesOf(`{"a":[${'['.repeat(62)}${']'.repeat(62)}]}`, 10)),
  ).resolves.toBeDefined();
});
