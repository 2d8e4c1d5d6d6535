/** Runs the tables of docs/words.md. */
import { readFileSync } from 'node:fs';
import { projectPath } from '../../src/platform/paths';
import { readerOf } from '../domain/words/support';

const page = readFileSync(projectPath('docs/words.md'), 'utf8');

/** The rows of the table below a heading, without its first two lines. */
function rowsBelow(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const cell = /^`(?<text>.*)`(?<assumed> \(assumed\))?$/;

/** One row for each text, with its language. */
const texts = ['Dates', 'Times', 'Rules'].flatMap((heading) =>
  rowsBelow(heading).flatMap(([english = '', german = '', due = '', rule]) =>
    [english, german].map((each, index) => {
      const { text = '', assumed } = cell.exec(each)?.groups ?? {};
      return {
        text,
        due,
        rule,
        isAssumed: assumed !== undefined,
        language: index === 0 ? 'en' : 'de',
      } as const;
    }),
  ),
);

test('the page has tables', () => {
  expect(texts.length).toBeGreaterThan(100);
  expect(rowsBelow('What stays in the title').length).toBeGreaterThan(10);
});

test.each(texts)('$text', async ({ text, due, rule, isAssumed, language }) => {
  const read = await readerOf();
  const result = read(text);
  const { title, due_date, due_time, rrule, repeat_from } = result.fields;
  expect(text.startsWith(title)).toBe(true);
  expect(`${due_date}${due_time ? ` ${due_time}` : ''}`).toBe(due);
  const ending = repeat_from === 'completion' ? ', counted from the completion' : '';
  expect(rrule ? `${rrule}${ending}` : undefined).toBe(rule);
  expect(result.pieces.some(({ assumed }) => assumed)).toBe(isAssumed);
  expect(result.left).toEqual([]);
  // Numbers alone are the same in both languages.
  if (/[a-z]{2}\b.* [a-zäöü]/i.test(text)) expect(['en', language]).toContain(result.language);
});

test.each(rowsBelow('What stays in the title'))('%s stays: %s', async (quoted, reason) => {
  const read = await readerOf();
  const text = quoted?.slice(1, -1) as string;
  const { fields, left } = read(text, []);
  expect(left.map((each) => each.reason)).toContain(reason);
  for (const { start, end } of left) expect(fields.title).toContain(text.slice(start, end));
});
