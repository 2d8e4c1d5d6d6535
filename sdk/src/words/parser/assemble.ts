/** This file was generated from src/domain/words/assemble.ts by npm run generate. Do not change it. */
/** Decides what the findings in a text become: the fields of the task, and what stays in the title. */
import { toDate } from './day-number.js';
import type { Findings } from './parse.js';
import { firstDay, toRrule } from './rule.js';
import type { Signs } from './signs.js';
import { timeInPart, usualTime } from './times.js';
import type { AnyLanguage, Kind, Left, Moment, Parsed, Piece, Reason, Span } from './types.js';

/** A time of day `HH:MM`. */
export function toTime(minutes: number): string {
  return new Date(minutes * 60_000).toISOString().slice(11, 16);
}

interface When {
  readonly day: number | null;
  readonly minutes: number | null;
  readonly rrule: string | null;
  readonly fromCompletion: boolean;
  readonly pieces: readonly Piece[];
  readonly left: readonly Left[];
}

const nothing = { day: null, minutes: null, rrule: null, fromCompletion: false, pieces: [] };

const leave = (spans: readonly Span[], kind: Kind, reason: Reason): Left[] =>
  spans.map(({ start, end }) => ({ start, end, kind, reason }));

interface Clock {
  readonly minutes: number | null;
  readonly pieces: readonly Piece[];
  readonly left: readonly Left[];
}

/** The time of day that the findings say. */
function clockOf({ times, parts }: Findings, own: number | undefined): Clock {
  const [time] = times;
  const [part] = parts;
  const isDifferent =
    new Set(times.map(({ minutes }) => minutes)).size > 1 ||
    parts.length > 1 ||
    parts.some(({ hasMore }) => hasMore);
  const refused = times.find(({ reason }) => reason);
  if (isDifferent || refused || (own !== undefined && (time || part))) {
    const left = times.flatMap((each) =>
      leave([each], 'time', each.reason ?? refused?.reason ?? 'several-times'),
    );
    return {
      minutes: own ?? null,
      pieces: [],
      left: [...left, ...leave(parts, 'time', refused?.reason ?? 'several-times')],
    };
  }
  if (!time && !part) return { minutes: own ?? null, pieces: [], left: [] };
  const isOpen = time ? time.isOpen && !part : true;
  const minutes = time
    ? time.isOpen
      ? part
        ? timeInPart(time.minutes, part.isAfternoon)
        : usualTime(time.minutes)
      : time.minutes
    : (part?.minutes as number);
  const value = toTime(minutes);
  const pieces = [...times, ...parts].map(({ start, end }) => ({
    start,
    end,
    kind: 'time' as const,
    value,
    assumed: isOpen,
  }));
  return { minutes, pieces, left: [] };
}

const isPast = (day: number, minutes: number | null, now: Moment) =>
  day < now.day || (day === now.day && minutes !== null && minutes <= now.minutes);

/** What the findings say about the date, the time and the rule. */
function whenOf(findings: Findings, now: Moment): When {
  const { dates, rules, times, parts } = findings;
  const [date] = dates;
  const [rule] = rules;
  const all = [...dates, ...rules];
  const [span] = all;
  const refuseAll = (reason: Reason): When => ({
    ...nothing,
    left: [
      ...dates.flatMap((each) => leave([each], 'date', each.reason ?? reason)),
      ...rules.flatMap(({ spans }) => leave(spans, 'recurrence', reason)),
      ...times.flatMap((each) => leave([each], 'time', each.reason ?? reason)),
      ...leave(parts, 'time', reason),
      ...findings.left,
    ],
  });
  if (findings.hasUnreadRule) return refuseAll('rule-not-understood');
  const isSame =
    rules.length === 0 && new Set(dates.map(({ day, minutes }) => `${day} ${minutes}`)).size === 1;
  const refused = dates.find(({ reason }) => reason);
  if (all.length > 1 && !(isSame && !refused)) return refuseAll('several-dates');
  if (refused) return refuseAll(refused.reason as Reason);

  const clock = clockOf(findings, date?.minutes);
  const left = [...clock.left, ...findings.left];
  const { minutes } = clock;
  if (rule) {
    const start = isPast(rule.from, minutes, now) ? Math.max(rule.from, now.day) : rule.from;
    const first = firstDay(rule.rule, isPast(start, minutes, now) ? start + 1 : start);
    if (first === undefined) return refuseAll('past');
    const rrule = toRrule(rule.rule);
    const pieces = rule.spans.map(({ start, end }) => ({
      start,
      end,
      kind: 'recurrence' as const,
      value: rrule,
      assumed: rule.assumed,
    }));
    return {
      day: first,
      minutes,
      rrule,
      fromCompletion: rule.fromCompletion,
      pieces: [...pieces, ...clock.pieces],
      left,
    };
  }
  if (date) {
    if (isPast(date.day, minutes, now)) return refuseAll('past');
    const own = date.minutes === undefined ? '' : `T${toTime(date.minutes)}`;
    const value = toDate(date.day) + own;
    const pieces = dates.map(({ start, end, assumed = false }) => ({
      start,
      end,
      kind: 'date' as const,
      value,
      assumed,
    }));
    return { ...nothing, day: date.day, minutes, pieces: [...pieces, ...clock.pieces], left };
  }
  if (minutes === null || span) return { ...nothing, left };
  // A time alone is today, or tomorrow if it has passed.
  const day = now.day + (isPast(now.day, minutes, now) ? 1 : 0);
  return { ...nothing, day, minutes, pieces: clock.pieces, left };
}

const byStart = (one: Span, other: Span) => one.start - other.start;

// The place of a piece in a title that is being made. Texts have no control characters.
const gap = '\0';

/** What stays of a text without the pieces, and with literal pieces as their values. */
function titleOf(text: string, pieces: readonly Piece[]): string {
  if (pieces.length === 0) return text.trim();
  let title = '';
  let from = 0;
  for (const { start, end, kind, value } of [...pieces].sort(byStart)) {
    title += text.slice(from, start) + (kind === 'literal' ? value : gap);
    from = end;
  }
  title += text.slice(from);
  return trimMarks(title.replace(/\s+/g, ' ').split(gap).reduce(join));
}

const lonelyMark = /^[.,;:!?)](?: |$)/;

/** Closes the gap that a piece has left. */
function join(before: string, after: string): string {
  const [left, right] = [before.trimEnd(), after.trimStart()];
  if (left === '' || right === '') return left + right;
  if (left.endsWith('(') && right.startsWith(')')) return join(left.slice(0, -1), right.slice(1));
  if (!lonelyMark.test(right)) return left.endsWith('(') ? left + right : `${left} ${right}`;
  return (/[,;:]$/.test(left) ? left.slice(0, -1) : left) + right;
}

/** A title without marks of punctuation that lost their neighbours. */
function trimMarks(title: string): string {
  let [start, end] = [0, title.length];
  while (start < end && /[\s,;:.–-]/.test(title[start] as string)) start++;
  while (end > start && /[\s,;:–-]/.test(title[end - 1] as string)) end--;
  return title.slice(start, end);
}

/** The task of a text, from its signs and the findings in the rest. */
export function assemble(
  language: AnyLanguage,
  text: string,
  signs: Signs,
  findings: Findings,
  now: Moment,
): Parsed {
  const when = whenOf(findings, now);
  const isEmpty = (pieces: readonly Piece[]) => titleOf(text, pieces) === '';
  const taken = [...signs.pieces, ...when.pieces];
  if (isEmpty(taken)) {
    // The words about time become the title, or else everything.
    const keepsSigns = when.pieces.length > 0;
    const kept = keepsSigns
      ? signs
      : { ...signs, project: null, tags: [], priority: null, reminders: [], pieces: [] };
    const untaken = keepsSigns ? when.pieces : signs.pieces;
    const left = [
      ...when.left,
      ...untaken.map(({ start, end, kind }) => ({ start, end, kind, reason: 'no-title' as const })),
    ];
    return build(language, text, kept, { ...nothing, left });
  }
  return build(language, text, signs, when);
}

function build(language: AnyLanguage, text: string, signs: Signs, when: When): Parsed {
  const { day, minutes, rrule, fromCompletion } = when;
  const hasDate = day !== null;
  const isUsable = ({ kind }: Piece) => hasDate || kind !== 'reminder';
  const pieces = [...signs.pieces.filter(isUsable), ...when.pieces].sort(byStart);
  const dateless = signs.pieces.filter((piece) => !isUsable(piece));
  return {
    language,
    fields: {
      title: titleOf(text, pieces),
      project: signs.project,
      tags: signs.tags,
      priority: signs.priority,
      due_date: hasDate ? toDate(day) : null,
      due_time: minutes === null || !hasDate ? null : toTime(minutes),
      rrule,
      repeat_from: rrule === null ? null : fromCompletion ? 'completion' : 'schedule',
      reminders: hasDate ? signs.reminders : [],
    },
    pieces,
    left: [...signs.left, ...when.left, ...leave(dateless, 'reminder', 'needs-date')].sort(byStart),
  };
}
