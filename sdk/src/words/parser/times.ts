/** This file was generated from src/domain/words/times.ts by npm run generate. Do not change it. */
/** Reads times of day, in minutes. */
import {
  isBoundary,
  isJoined,
  isLast,
  isQuantity,
  lookUp,
  type Read,
  readDigits,
  readPhrase,
  type Scan,
  skip,
  textAt,
} from './scan.js';
import type { Reason } from './types.js';

export interface TimeRead {
  readonly minutes: number;
  /** True if the hour is that of a clock with twelve hours, and no word says which half of the day is meant. */
  readonly isOpen: boolean;
  /** Why it cannot be the time of a task. */
  readonly reason?: Reason;
}

const noon = 12 * 60;

/** The usual meaning of an open time: hours before seven are in the afternoon. */
export function usualTime(minutes: number): number {
  return minutes < 7 * 60 ? minutes + noon : minutes;
}

/** The meaning of an open time in a part of the day. */
export function timeInPart(minutes: number, isAfternoon: boolean): number {
  if (isAfternoon) return minutes < noon ? minutes + noon : minutes;
  return minutes >= noon ? minutes - noon : minutes;
}

/** Minutes after the hour: `:30`; and `.30` where it can only be a time. */
function readMinutes(scan: Scan, index: number, mayBeDot: boolean): Read<number> | undefined {
  const mark = textAt(scan, index);
  const value = textAt(scan, index + 1)?.length === 2 ? readDigits(scan, index + 1, 2) : undefined;
  const areJoined = isJoined(scan, index) && isJoined(scan, index + 1);
  const isMinutes =
    areJoined && (mark === ':' || (mark === '.' && mayBeDot)) && value !== undefined && value < 60;
  return isMinutes ? { value, end: index + 2 } : undefined;
}

/** `9:00`, `9 am`, `at 9`, `9 Uhr 30`. */
function readClock(scan: Scan, index: number, hasAt: boolean): Read<TimeRead> | undefined {
  const { words } = scan;
  const hour = readDigits(scan, index, 2) ?? readHourWord(scan, index, hasAt);
  if (hour === undefined || hour > 23) return undefined;
  const suffixOf = (end: number) => readPhrase(scan, words.hourSuffixes, end);
  const dotted = readMinutes(scan, index + 1, true);
  const minutes = dotted && (hasAt || suffixOf(dotted.end)) ? dotted : readMinutes(scan, index + 1, false);
  const end = minutes?.end ?? index + 1;
  const suffix = suffixOf(end);
  if (!minutes && !suffix && !(hasAt && isBoundary(scan, end) && !isQuantity(scan, end))) return undefined;
  // `9 Uhr 30`.
  const isLong = suffix?.value === null && !minutes && textAt(scan, suffix.end)?.length === 2;
  const after = isLong ? readDigits(scan, suffix.end, 2) : undefined;
  const hasAfter = after !== undefined && after < 60 && !isQuantity(scan, (suffix?.end ?? 0) + 1);
  const total = hour * 60 + (minutes?.value ?? (hasAfter ? after : 0));
  const last = (suffix?.end ?? end) + (hasAfter ? 1 : 0);
  if (suffix && suffix.value !== null) {
    if (hour < 1 || hour > 12) return undefined;
    return { value: { minutes: (total % noon) + (suffix.value ? noon : 0), isOpen: false }, end: last };
  }
  const isOpen = hour > 0 && hour <= 12 && !textAt(scan, index)?.startsWith('0');
  return { value: { minutes: total, isOpen }, end: last };
}

/** `at nine`, only where nothing can be counted by the word. */
function readHourWord(scan: Scan, index: number, hasAt: boolean): number | undefined {
  const hour = lookUp(scan.words.numbers, textAt(scan, index));
  const isHour = isLast(scan, index + 1) || readPhrase(scan, scan.words.hourSuffixes, index + 1);
  return hasAt && isHour ? hour : undefined;
}

/** `half past eight`, `halb neun`. */
function readOffset(scan: Scan, index: number): Read<TimeRead> | undefined {
  const { words } = scan;
  const offset = readPhrase(scan, words.offsets, index);
  const hour = offset && (readDigits(scan, offset.end, 2) ?? lookUp(words.numbers, textAt(scan, offset.end)));
  if (!offset || hour === undefined || hour < 1 || hour > 12) return undefined;
  const suffix = readPhrase(scan, words.hourSuffixes, offset.end + 1);
  const end = suffix?.end ?? offset.end + 1;
  if (isQuantity(scan, end)) return undefined;
  const total = (hour * 60 + offset.value + noon) % noon || noon;
  const minutes = suffix?.value == null ? total : (total % noon) + (suffix.value ? noon : 0);
  return { value: { minutes, isOpen: suffix?.value == null }, end };
}

const isRangeMark = (scan: Scan, index: number) =>
  ['-', '–', ...scan.words.to].includes(textAt(scan, index) ?? '');

/** True if the number or word at an index is one end of a range, such as `9-10 am`. */
function isInRange(scan: Scan, index: number, end: number): boolean {
  const isMark = (at: number) => isRangeMark(scan, at);
  const isNumber = (at: number) => readDigits(scan, at, 2) !== undefined;
  const isHour = (at: number) => isNumber(at) || readPhrase(scan, scan.words.hourSuffixes, at) !== undefined;
  return (isMark(index - 1) && isHour(index - 2)) || (isMark(end) && isNumber(end + 1));
}

/** A time of day, with the preposition before it. */
export function readTime(scan: Scan, index: number): Read<TimeRead> | undefined {
  const { words } = scan;
  const start = scan.tokens[index];
  if (!start?.isFree && !isRangeMark(scan, index - 1)) return undefined;
  const from = skip(scan, words.at, index);
  const noonPhrase = readPhrase(scan, words.noon, from);
  const found: Read<TimeRead> | undefined = noonPhrase
    ? { value: { minutes: noon, isOpen: false }, end: noonPhrase.end }
    : (readOffset(scan, from) ?? readClock(scan, from, from > index));
  if (!found) return undefined;
  if (isInRange(scan, from, found.end)) {
    return { ...found, value: { ...found.value, reason: 'several-times' } };
  }
  if (!isBoundary(scan, found.end)) return undefined;
  const isRelated = from === index && words.relations.includes(textAt(scan, index - 1) ?? '');
  return isRelated ? { ...found, value: { ...found.value, reason: 'relation' } } : found;
}
