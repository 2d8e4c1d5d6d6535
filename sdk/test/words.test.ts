/** Tests that the SDK reads sentences as the service does. */
import { tokenOf, useTestService } from '../../test/support/service';
import { createTasklane } from '../src/index';
import { loadWords } from '../src/words/index';

const service = useTestService({ RATE_LIMIT: 'off' });

const texts = [
  'Pay rent every 1st from 1 May 2099 at 9 #garden !30m p1',
  'Zahnarzt am 3. Mai 2099 um halb neun @gesundheit',
  'Meet Monday or Tuesday',
  'Ask April about "5 May 2099" #nowhere',
  '😀 5 May 2099 🎉 p2 p3 !1d',
  'Every blue monday, 20 minutes',
  'Party on Friday, 1 May 2099',
];

test('the parser of the SDK and a dry run of the service agree', async () => {
  const { tasks, projects } = createTasklane({ baseUrl: service.url, token: await tokenOf('ada') }).lane();
  const garden = await projects.create({ name: 'Garden' });
  const read = await loadWords();
  for (const text of texts) {
    const { fields: remote, language, pieces, left } = await tasks.quick({ text, dry_run: true });
    const { fields, ...rest } = read(text, { timeZone: 'UTC', projects: [garden.name] });
    expect(rest).toEqual({ language, pieces, left });
    const { title, tags, priority, due_date, due_time, rrule } = remote;
    expect(fields).toMatchObject({ title, tags, priority, due_date, due_time, rrule });
    expect(fields.project).toBe(remote.project_id === null ? null : garden.name);
  }
  expect((await tasks.list()).items).toEqual([]);
});

test('dates count from now in the time zone', async () => {
  const read = await loadWords('en');
  const now = new Date('2026-11-26T23:30:00Z');
  const dueIn = (timeZone: string, text: string) => {
    const { due_date, due_time } = read(text, { timeZone, now }).fields;
    return `${due_date} ${due_time}`;
  };
  expect(dueIn('UTC', 'Call tomorrow')).toBe('2026-11-27 null');
  expect(dueIn('Europe/Zurich', 'Call tomorrow')).toBe('2026-11-28 null');
  expect(dueIn('America/New_York', 'Call in 2 hours')).toBe('2026-11-26 20:30');
});

test('a distance in hours is exact when clocks change', async () => {
  const read = await loadWords('en');
  // Clocks go forward by an hour at 01:00 UTC.
  const options = { timeZone: 'Europe/Zurich', now: new Date('2027-03-28T00:30:00Z') };
  expect(read('Call in 1 hour', options).fields.due_time).toBe('03:30');
});

test('without options, the zone of the device and the present time count', async () => {
  const read = await loadWords('en');
  expect(read('Call on 5 May 2099 #anywhere').fields).toMatchObject({
    due_date: '2099-05-05',
    project: 'anywhere',
  });
});
