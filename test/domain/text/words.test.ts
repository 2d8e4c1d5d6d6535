/** Tests the words of texts, and that Postgres accepts them. */
import { rangesIn } from '../../../src/domain/text/highlights';
import { prefixQuery, searchVector, searchVersion, termsOf, wordsOf } from '../../../src/domain/text/words';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const folded = (text: string) => wordsOf(text).map(({ forms: [word] }) => word);

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
  ['Łódź Đà Nẵng Øresund Ærø smørrebrød', ['lodz', 'da', 'nang', 'oresund', 'aero', 'smorrebrod']],
  ['Þórr Ħal-Għargħur ıŋ œuvre Iğdır', ['thorr', 'hal', 'gharghur', 'in', 'oeuvre', 'igdir']],
  ['سَنة ﻛﺘﺎﺏ کی', ['سنه', 'كتاب', 'كي']],
  ['हिंदी किताब', ['हिंदी', 'किताब']],
  ['😀 ??? -- ❤️ 👍🏽 🇨🇭🇩🇪 👩‍💻', ['😀', '❤', '👍', '🇨🇭', '🇩🇪', '👩‍💻']],
  ['東京タワー', ['東京', '京タ', 'タワ', 'ワー', 'ー']],
  ['서울타워', ['서울', '울타', '타워', '워'].map((word) => word.normalize('NFD'))],
  ['iPhone15ケース 猫', ['iphone15', 'ケー', 'ース', 'ス', '猫']],
  ['ﾀﾞﾜｰ が', ['タ\u3099ワ', 'ワー', 'ー', 'か\u3099']],
  ['น้ำดื่ม', ['น้\u0e4dา', '\u0e4dาดื่', 'ดื่ม', 'ม']],
  ['', []],
])('%s', (text, words) => {
  expect(folded(text)).toEqual(words);
  expect(folded(text.normalize('NFD'))).toEqual(words);
});

test.each([
  ['الكتاب', ['الكتاب', 'كتاب']],
  ['والكتاب', ['والكتاب', 'كتاب']],
  ['للكتاب', ['للكتاب', 'كتاب']],
  ['كتاب', ['كتاب']],
  ['ال', ['ال']],
])('%s has the forms %j', (text, forms) => {
  expect(wordsOf(text).map((word) => word.forms)).toEqual([forms]);
});

test('words have their positions, also after characters of two code units', () => {
  const text = '😀 Crème 😀 brûlée';
  expect(wordsOf(text).map(({ start, end }) => text.slice(start, end))).toEqual([
    '😀',
    'Crème',
    '😀',
    'brûlée',
  ]);
});

test('a query has each word once', () => {
  expect(termsOf(' Plants, PLANTS & plânts: water?')).toEqual([
    { words: ['plants'], isPhrase: false },
    { words: ['water'], isPhrase: false },
  ]);
});

test('a query in a script without spaces is a phrase', () => {
  expect(termsOf('タワー 猫 a')).toEqual([
    { words: ['タワ', 'ワー'], isPhrase: true },
    { words: ['猫'], isPhrase: false },
    { words: ['a'], isPhrase: false },
  ]);
});

test.each([
  ['東京タワー', 'タワー', ['タワー']],
  ['東京タワー', '京', ['京']],
  ['ああああ', 'ああ', ['ああ', 'ああ']],
  ['Łódź 😀 lodz', 'łódź', ['Łódź', 'lodz']],
  ['👍🏽 👍', '👍', ['👍🏽', '👍']],
  ['والكتاب', 'كتاب', ['والكتاب']],
  ['ไปซื้อน้ำดื่ม', 'น้ำ', ['น้ำ']],
  ['서울타워', '타워', ['타워']],
])('the ranges in %s for %s', (text, query, found) => {
  const ranges = rangesIn(text, termsOf(query), null);
  expect(ranges.map(([start, end]) => text.slice(start, end))).toEqual(found);
});

test('ranges are limited to the first twenty matches', () => {
  expect(rangesIn('One two One', termsOf('one'), null)).toEqual([
    [0, 3],
    [8, 11],
  ]);
  expect(rangesIn('a '.repeat(50), termsOf('a'), null)).toHaveLength(20);
  expect(rangesIn(null, termsOf('a'), null)).toEqual([]);
});

describe('Postgres accepts', () => {
  const vector = async (title: string, description: string | null) => {
    const [row] = await query<{ vector: string }>(database.url, 'select $1::tsvector::text as vector', [
      searchVector(title, description, []),
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
    [
      'ten thousand ideographs',
      '東'.repeat(200),
      Array.from({ length: 10_000 }, (_, n) => String.fromCodePoint(0x4e00 + (n % 9_000))).join(''),
    ],
    ['ten thousand emoji', '😀', '😀👩‍💻'.repeat(1_600)],
  ])('%s', async (_name, title, description) => {
    expect(typeof (await vector(title, description))).toBe('string');
  });

  test('the words of links, which are bounded', async () => {
    const characters = (from: number) =>
      Array.from({ length: 200 }, (_, n) => String.fromCodePoint(0x4e00 + from + n)).join('');
    const links = Array.from({ length: 20 }, (_, n) => ({
      url: `https://example.com/${Array.from({ length: 400 }, (_word, m) => `${n}x${m}`).join('/')}`,
      title: characters(200 * n),
    }));
    const [row] = await query<{ words: number }>(database.url, 'select length($1::tsvector) as words', [
      searchVector('a', null, links),
    ]);
    // The title of the task, `example`, `com`, and 50 words of each title and 18 of each address.
    expect(row?.words).toBe(3 + 20 * (50 + 18));
  });

  test('links whose addresses are no valid percent-encoding', () => {
    expect(searchVector('a', null, [{ url: 'https://example.com/%E0%zz', title: null }])).toContain("'e0'");
  });

  test('a prefix query of words with special characters is valid, and finds them', async () => {
    const terms = termsOf(`it's "a" \\ b:* & c | !d <-> (e) 'f'`);
    const [row] = await query<{ found: boolean }>(
      database.url,
      'select $1::tsvector @@ $2::tsquery as found',
      [searchVector(terms.map(({ words }) => `${words[0]}more`).join(' '), null, []), prefixQuery(terms)],
    );
    expect(row?.found).toBe(true);
  });
});

test('the index of tasks to index has the condition of the present version', async () => {
  const [row] = await query<{ indexdef: string }>(
    database.url,
    `select indexdef from pg_indexes where indexname = 'tasks_to_index'`,
  );
  expect(row?.indexdef).toContain(`WHERE (search_version < ${searchVersion})`);
});
