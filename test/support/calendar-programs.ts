/** Runs common calendar programs in a separate home directory. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** For subscriptions, events, to-dos, and a reader with independent code. */
const programs = ['vdirsyncer', 'khal', 'todoman', 'calcurse'] as const;
export type Program = (typeof programs)[number];

/** The programs that are not installed. */
export function missingPrograms(): Program[] {
  return programs.filter((program) => {
    try {
      execFileSync(program, ['--version'], { stdio: 'pipe' });
      return false;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
      throw error;
    }
  });
}

/** An event on a day, as a program shows it. */
export interface ShownEvent {
  /** When it starts in the zone of the program: `2026-11-28`, or `2026-11-28 18:00`. */
  readonly start: string;
  readonly title: string;
  readonly description: string;
}

/** A to-do, as a program shows it. */
export interface ShownTodo {
  readonly title: string;
  readonly description: string;
  /** Milliseconds since 1970; midnight in the program's zone if it is all day; null if it has no due date. */
  readonly due: number | null;
  /** 1 (highest) to 9. */
  readonly priority: number;
  readonly completed: boolean;
  readonly completedAt: number | null;
}

/** A to-do in todoman's porcelain output; times are in seconds. */
interface PorcelainTodo {
  summary: string;
  description: string;
  due: number | null;
  priority: number;
  completed: boolean;
  completed_at: number | null;
}

export interface CalendarPrograms {
  /** Subscribes vdirsyncer to a calendar or updates its copy; rejects with its output if it fails. */
  subscribe(url: string): Promise<void>;
  /** Splits a calendar file into the folder with vdirsyncer. */
  takeFile(text: string): Promise<void>;
  /** The events that khal shows, by their days. */
  khal(from: string, days: number): Promise<ShownEvent[]>;
  /** The to-dos that todoman shows, completed or not. */
  todoman(): Promise<ShownTodo[]>;
  /** The events that calcurse shows after importing a calendar, `[start, title]`. */
  calcurse(text: string, from: string, days: number): Promise<[string, string][]>;
  /** The to-dos that calcurse shows after importing a calendar, `[priority, title]`. */
  calcurseTodos(text: string): Promise<[number, string][]>;
  close(): Promise<void>;
}

// Separators that no text of the tests has, unlike line breaks.
const field = '␟';
const record = '␞';

function recordsOf(output: string): string[][] {
  return output
    .split(record)
    .slice(0, -1)
    .map((each) => each.trimStart().split(field));
}

/** Prepares the programs for a user in a time zone. */
export async function openCalendarPrograms(zone: string): Promise<CalendarPrograms> {
  const home = await mkdtemp(join(tmpdir(), 'tasklane-calendar-'));
  const at = (name: string) => join(home, name);
  const folder = at('calendars/tasks');
  await mkdir(folder, { recursive: true });
  // The programs must not read the settings of this machine's user.
  const env = { PATH: process.env.PATH, HOME: home, TZ: zone, LC_ALL: 'C.UTF-8' };
  const use = async (program: Program, ...options: string[]): Promise<string> =>
    (await run(program, options, { env, maxBuffer: 1 << 26 })).stdout;

  await writeFile(
    at('khal.conf'),
    `[calendars]
[[tasks]]
path = ${folder}
readonly = True
[locale]
local_timezone = ${zone}
default_timezone = ${zone}
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = ${at('khal.db')}
`,
  );
  await writeFile(
    at('todoman.py'),
    `path = "${at('calendars')}/*"
cache_path = "${at('todoman.sqlite3')}"
date_format = "%Y-%m-%d"
time_format = "%H:%M"
default_list = "tasks"
`,
  );

  async function sync(source: string): Promise<void> {
    await writeFile(
      at('vdirsyncer.conf'),
      `[general]
status_path = "${at('status')}"
[pair tasks]
a = "here"
b = "there"
collections = null
conflict_resolution = "b wins"
[storage here]
type = "filesystem"
path = "${folder}"
fileext = ".ics"
[storage there]
${source}
`,
    );
    await use('vdirsyncer', '--config', at('vdirsyncer.conf'), 'discover');
    await use('vdirsyncer', '--config', at('vdirsyncer.conf'), 'sync');
  }

  /** Runs a query of calcurse on one calendar. */
  async function askCalcurse(text: string, ...options: string[]): Promise<string> {
    await rm(at('calcurse'), { recursive: true, force: true });
    await mkdir(at('calcurse'));
    await writeFile(at('import.ics'), text);
    const report = await use('calcurse', '-D', at('calcurse'), '-i', at('import.ics'));
    if (!/\b0 skipped/.test(report)) throw new Error(`calcurse passes something over: ${report}`);
    return use('calcurse', '-D', at('calcurse'), '-Q', ...options);
  }

  return {
    subscribe: (url) => sync(`type = "http"\nurl = "${url}"`),
    async takeFile(text) {
      await writeFile(at('calendar.ics'), text);
      await sync(`type = "singlefile"\npath = "${at('calendar.ics')}"`);
    },
    async khal(from, days) {
      const format = ['{start-date-long} {start-time}', '{title}', '{description}'].join(field) + record;
      const options = ['--day-format', `${field}{date-long}${record}`, '--format', format];
      const output = await use('khal', '-c', at('khal.conf'), 'list', ...options, from, `${days}d`);
      let day = '';
      return recordsOf(output).flatMap(([start = '', title = '', description = '']) => {
        if (start === '') day = title;
        // An event past midnight is also listed on the next day.
        if (start === '' || !start.startsWith(day)) return [];
        return [{ start: start.trim(), title, description }];
      });
    },
    async todoman() {
      const output = await use('todoman', '-c', at('todoman.py'), '--porcelain', 'list', '--status', 'ANY');
      const todos = JSON.parse(output) as PorcelainTodo[];
      const instant = (seconds: number | null) => (seconds === null ? null : seconds * 1000);
      return todos.map(({ summary, description, due, priority, completed, completed_at }) => ({
        title: summary,
        description,
        due: instant(due),
        priority,
        completed,
        completedAt: instant(completed_at),
      }));
    },
    async calcurse(text, from, days) {
      const timed = `%(start:%Y-%m-%d %H:%M)${field}%m${record}`;
      const allDay = `${field}%m${record}`;
      const output = await askCalcurse(
        text,
        ...['--input-datefmt', '4', '--output-datefmt', `%Y-%m-%d${record}`],
        ...['--from', from, '--days', String(days), '--filter-type', 'cal'],
        ...['--format-apt', timed, '--format-recur-apt', timed],
        ...['--format-event', allDay, '--format-recur-event', allDay],
      );
      let day = '';
      return recordsOf(output).flatMap(([start = '', title]): [string, string][] => {
        // The separator of records is before the colon of the day's line, so the next record begins with that colon.
        const on = start.replace(/^:\s*/, '');
        if (title === undefined) day = on;
        if (title === undefined || !(on || day).startsWith(day)) return [];
        return [[on || day, title]];
      });
    },
    async calcurseTodos(text) {
      const format = `%p${field}%m${record}`;
      const output = await askCalcurse(text, '--filter-type', 'todo', '--format-todo', format);
      return recordsOf(output).map(([priority, title = '']) => [
        Number(priority?.replace(/^to do:\s*/, '')),
        title,
      ]);
    },
    close: () => rm(home, { recursive: true, force: true }),
  };
}
