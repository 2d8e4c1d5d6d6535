/** Dates must not depend on the time zone of the process. */
import { execFileSync } from 'node:child_process';
import { projectPath } from '../../../src/platform/paths';

const script = `
  const { parseRule } = require('./src/domain/recurrence/parse.ts');
  const { advance, lastDate, occurrences } = require('./src/domain/recurrence/schedule.ts');
  const { exportRule } = require('./src/domain/recurrence/export.ts');
  const { addDays, startOfDay, timeIn, todayIn, toInstant } = require('./src/domain/time/calendar.ts');
  const now = new Date('2026-11-21T10:30:00Z');
  const zones = ['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/Los_Angeles', 'UTC'];
  const rules = ['FREQ=DAILY;UNTIL=20270101T100000Z', 'FREQ=WEEKLY;BYDAY=MO,SU', 'FREQ=MONTHLY', 'FREQ=YEARLY;BYDAY=20MO'];
  console.log(JSON.stringify([
    new Date(2026, 10, 21).toISOString(),
    zones.map((zone) => [
      todayIn(zone, now),
      timeIn(zone, now),
      toInstant('2026-03-08', '02:30', zone),
      startOfDay('2026-11-21', zone),
    ]),
    addDays('2026-03-07', 1),
    rules.map(parseRule).map((rule) => [
      occurrences(rule, '2026-10-31', { limit: 20 }),
      lastDate(rule, { time: '09:00', zone: 'Pacific/Kiritimati' }),
      exportRule(rule, '2026-10-31', { time: '09:00', zone: 'America/Los_Angeles' }),
      advance({ rule, repeatFrom: 'completion', start: '2026-10-31', due: '2026-10-31', completedOn: '2026-11-01', completions: 1 }),
    ]),
  ]));
`;

function run(zone: string): [own: string, ...results: unknown[]] {
  const output = execFileSync(
    process.execPath,
    ['--require', projectPath('test/support/register-swc.cjs'), '--eval', script],
    { cwd: projectPath('.'), env: { PATH: process.env.PATH, TZ: zone }, encoding: 'utf8' },
  );
  return JSON.parse(output);
}

test('the time zone of the process has no effect', () => {
  const [own, ...results] = run('UTC');

  for (const zone of ['Pacific/Kiritimati', 'America/Los_Angeles', 'Pacific/Pago_Pago']) {
    const [ownThere, ...there] = run(zone);
    expect(ownThere).not.toBe(own);
    expect(there).toEqual(results);
  }
});
