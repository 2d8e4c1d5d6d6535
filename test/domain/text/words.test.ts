/** Tests the words of texts, and that Postgres accepts them. */
import { rangesIn } from '../../../src/domain/text/highlights';
import { prefixQuery, queryWords, searchVector, wordsOf } from '../../../src/domain/text/words';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const folded = (text: string) => wordsOf(text).map((word) => word.folded);

test.each([
  ['Water the plants', ['water', 'the', 'plants']],
  ['Crème brûlée à Zürich', ['creme', 'brulee', 'a', 'zurich']],
  ['STRASSE straße ẞ', ['strasse', 'strasse', 'ss']],
  ['ﬁn Ⅳ', ['fin', 'iv']],
  ['İstanbul', ['istanbul']],
  ["don't example.com a_b 3.14", ['don', 't', 'example', 'com', 'a', 'b', '3', '14']],
  ['Über-raschung (neu)!', ['uber', 'raschung', 'neu']],
  ['Ελληνικά Σίσυφος', ['ελληνικα', 'σισυφοσ']],
  ['Ещё чай', ['еще', 'чаи']],
  ['\u{1f600} ??? --', []],
  ['', []],
])('%s', (text, words) => {
  expect(folded(text)).toEqual(words);
});

test('ideographs and scripts without spaces are split into words', () => {
  expect(folded('東京都の天気').length).toBeGreaterThan(1);
  expect(folded('สวัสดีชาวโลก').length).toBeGreaterThan(1);
});

test('a text has the same words with and without the segmenter', () => {
  const contexts = ['a', '7', ' ', '-', '.', ',', ':', "'", '_', 'é', 'и', 'α', '’', ''];
  const codes = Array.from({ length: 0x700 }, (_, n) => (n < 0x600 ? n : 0x1a00 + n));
  const characters = codes.map((code) => String.fromCodePoint(code));
  const differing = characters.filter((character) => {
    const texts = contexts.flatMap((before) => contexts.map((after) => before + character + after));
    const text = texts.join(' \n ');
    return JSON.stringify(wordsOf(text)) !== JSON.stringify(wordsOf(`${text} \u{1f600}`));
  });
  expect(differing).toEqual([]);
});

test('words have their positions, also after characters of two code units', () => {
  const text = '😀 Crème 😀 brûlée';
  expect(wordsOf(text).map(({ start, end }) => text.slice(start, end))).toEqual(['Crème', 'brûlée']);
});

test('a query has each word once', () => {
  expect(queryWords(' Plants, PLANTS & plânts: water?')).toEqual(['plants', 'water']);
});

test('ranges are limited to the first twenty matches', () => {
  expect(rangesIn('One two One', (word) => word === 'one')).toEqual([
    [0, 3],
    [8, 11],
  ]);
  expect(rangesIn('a '.repeat(50), () => true)).toHaveLength(20);
  expect(rangesIn(null, () => true)).toEqual([]);
});

describe('Postgres accepts', () => {
  const vector = async (title: string, description: string | null) => {
    const [row] = await query<{ vector: string }>(database.url, 'select $1::tsvector::text as vector', [
      searchVector(title, description),
    ]);
    return row?.vector;
  };

  test('the words with their positions and weights', async () => {
    expect(await vector('Water the water', 'Plants')).toBe(`'plants':13 'the':2A 'water':1A,3A`);
  });

  test.each([
    ['no words at all', '???', null],
    ['the longest word', 'x'.repeat(200), 'y'.repeat(10_000)],
    ['the longest word of four bytes each', '𝔘'.repeat(100), '\u{10380}'.repeat(5_000)],
    ['one word five thousand times', 'a', 'a '.repeat(5_000)],
    ['five thousand words', 'a', Array.from({ length: 2_000 }, (_, n) => n.toString(36)).join(' ')],
    ['characters that expand to many', 'ﷺ'.repeat(100), 'ﷺ '.repeat(3_000)],
    ['quotes and backslashes', `it's a \\ "test"`, `'' \\\\ '`],
    ['lone surrogates', 'a', 'b'],
  ])('%s', async (_name, title, description) => {
    expect(typeof (await vector(title, description))).toBe('string');
  });

  test('a prefix query of words with special characters is valid, and finds them', async () => {
    const words = queryWords(`it's "a" \\ b:* & c | !d <-> (e) 'f'`);
    const [row] = await query<{ found: boolean }>(
      database.url,
      'select $1::tsvector @@ $2::tsquery as found',
      [searchVector(words.map((word) => `${word}more`).join(' '), null), prefixQuery(words)],
    );
    expect(row?.found).toBe(true);
  });
});
