/** Reads the VTODOs of an iCalendar file as rows of an import. */

import { componentsOf } from '../../domain/icalendar/read';
import { localTime, type ReadTodo, readTodo } from '../../domain/icalendar/read-todo';
import { surveyCalendar } from '../../domain/icalendar/survey';
import { maxItemBytes } from '../../platform/contract/bodies/json-items';
import type { SpooledBody } from '../../platform/contract/bodies/spool';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { createCheck } from '../../platform/contract/validation/rows';
import { mostTelling } from '../../platform/contract/validation/schema-errors';
import type { Dates } from '../tasks/due';
import { readTask, type TaskDraft } from '../tasks/import';
import { fileError, idNamed, idsFor, type ReadContext, type ReadRow, tooLargeError } from './file';
import { applyOverrides, createOverrides, isOverride, type Override } from './overrides';

const check = createCheck('TaskImport');

// The property that a field of a task comes from, if it has another name.
const properties: Readonly<Record<string, string>> = {
  title: 'summary',
  tags: 'categories',
  due_date: 'due',
  due_time: 'due',
  time_zone: 'due',
  start_date: 'dtstart',
  start_time: 'dtstart',
  excluded_dates: 'exdate',
  completed_at: 'completed',
  created_at: 'created',
  reminders: 'valarm',
  links: 'attach',
  parent_id: 'related-to',
};

function toProperty({ pointer, code, detail }: ValidationError): ValidationError {
  const [, field = '', ...rest] = pointer.split('/');
  return { pointer: ['', properties[field] ?? field, ...rest].join('/'), code, detail };
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id of the task that a UID names. */
function idOfUid(uid: string): string {
  const lower = uid.toLowerCase();
  return uuid.test(lower) ? lower : idNamed(uid);
}

function toDraft(
  { fields, errors }: ReadTodo,
  id: string,
  related: string | undefined,
): TaskDraft | ValidationError[] {
  const own = errors.map(
    ({ property, code, detail }): ValidationError => ({
      pointer: property === '' ? '' : `/${property}`,
      code,
      detail,
    }),
  );
  const task = related === undefined ? fields : { ...fields, parent_id: idOfUid(related) };
  // If the VTODO has errors, fields are missing. They would cause more errors.
  if (own.some(({ pointer }) => pointer === '')) return own;
  const reported = new Set(own.map(({ pointer }) => pointer));
  // Several fields of a task come from one property, which gets one error.
  const found = mostTelling(check(task).map(toProperty)).filter(({ pointer }) => !reported.has(pointer));
  if (own.length + found.length > 0) return [...own, ...found];
  const read = readTask({ ...(task as Schemas['TaskImport']), id }, { isTrashed: false });
  return Array.isArray(read) ? mostTelling(read.map(toProperty)) : read;
}

// The fields of a changed occurrence that belong to its series.
const seriesFields: ReadonlySet<string> = new Set(['rrule', 'repeat_from', 'excluded_dates']);

/** What the row of a changed occurrence gets from its series. */
interface OccurrenceContext {
  /** The UID of the parent. */
  readonly related: string | undefined;
  /** The dates of an occurrence that has none of its own. */
  readonly dates: Dates | undefined;
  /** The reason why it becomes a task. */
  readonly detail: string;
}

/** The row of a changed occurrence that becomes a task of its own. */
function occurrenceRow(
  override: Override,
  location: Omit<ReadRow<'task'>, 'read' | 'type' | 'id' | 'foreign'>,
  { related, dates, detail }: OccurrenceContext,
): ReadRow<'task'> {
  const { uid = '', recurrenceId, edition, line } = override;
  const found = recurrenceId ? localTime(recurrenceId, null) : null;
  const id = idNamed(`occurrence/${uid}/${found}`);
  const isDated = override.fields.due_date !== undefined || override.fields.start_date !== undefined;
  const own = Object.entries(override.fields).filter(([name]) => !seriesFields.has(name));
  const fields = { ...(isDated ? {} : dates), ...Object.fromEntries(own) };
  const warnings = override.warnings.filter(({ field }) => !seriesFields.has(field));
  return {
    ...{ ...location, line, type: 'task', id },
    foreign: { idField: 'uid', parentField: 'related-to', edition },
    read: toDraft({ ...override, fields }, id, override.related ?? related),
    warnings: [{ field: 'recurrence-id', found, used: id, detail }, ...warnings],
  };
}

const ofLaterOccurrence =
  'is a later occurrence with changes, so it becomes a task of its own, and the series excludes its date';
const ofOtherSeries = 'is an occurrence of a series that the file lacks, so it becomes a task of its own';

/** UTF-8 as text; a character may be split between two pieces. */
async function* decoded(pieces: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for await (const piece of pieces) yield decoder.decode(piece, { stream: true });
}

/**
 * Reads the VTODOs of a file. A changed occurrence belongs to the row of its series, or becomes a task of its own. Other
 * components are ignored.
 */
export async function* readCalendar(
  file: Pick<SpooledBody, 'pieces' | 'sha256'>,
  { timeZone }: ReadContext,
): AsyncGenerator<ReadRow | 'ignored'> {
  const idOf = idsFor(file.sha256);
  const components = () => componentsOf(decoded(file.pieces()), maxItemBytes);
  const overrides = createOverrides();
  let unused = 0;
  async function* watched() {
    for await (const component of components()) {
      if (!('broken' in component) && component.name === 'VTODO' && isOverride(component.text ?? '')) {
        overrides.add(component.text as string, component.line);
        unused++;
      }
      yield component;
    }
  }
  const { zones, parents } = await surveyCalendar(watched());
  const overridesByUid = overrides.read({ zones, timeZone });
  // The series of the file, and those whose changed occurrences are read.
  const [series, read] = [new Set<string | undefined>(), new Set<string>()];
  let row = 0;
  for await (const component of components()) {
    const { line } = component;
    if ('broken' in component) {
      yield fileError(line, { pointer: '', code: 'wrong-format', detail: component.broken });
    } else if (component.name !== 'VTODO') {
      if (component.name !== 'VTIMEZONE') yield 'ignored';
    } else if (!isOverride(component.text ?? '')) {
      row++;
      const location = { row, line, within: '/body', index: row };
      if (component.text === undefined) {
        yield { ...location, type: 'task', id: idOf(row), read: [tooLargeError(maxItemBytes)] };
        continue;
      }
      const todo = readTodo(component.text, { zones, timeZone });
      const { uid, edition } = todo;
      series.add(uid);
      const id = uid === undefined ? idOf(row) : idOfUid(uid);
      const draft = toDraft(todo, id, todo.related ?? parents.get(uid ?? ''));
      const foreign = { idField: 'uid', parentField: 'related-to', edition };
      const task = { ...location, type: 'task' as const, id, foreign };
      const changed = uid === undefined ? undefined : overridesByUid.get(uid);
      if (Array.isArray(draft) || !changed || uid === undefined) {
        yield { ...task, read: draft, warnings: todo.warnings };
        continue;
      }
      const applied = applyOverrides(draft as TaskDraft, changed, uid);
      yield { ...task, read: applied.task, warnings: [...todo.warnings, ...applied.warnings] };
      // Another version of the series has the same occurrences.
      if (read.has(uid)) continue;
      read.add(uid);
      unused -= applied.used;
      for (const completion of applied.completions) {
        yield { ...location, type: 'completion', id: completion.id, read: completion };
      }
      const related = todo.related ?? parents.get(uid);
      for (const { override, dates } of applied.later) {
        yield occurrenceRow(override, location, { related, dates, detail: ofLaterOccurrence });
      }
    }
  }
  for (const [uid, changed] of overridesByUid) {
    if (series.has(uid)) continue;
    for (const each of changed) {
      row++;
      unused--;
      const location = { row, line: each.line, within: '/body', index: row };
      yield occurrenceRow(each, location, { related: undefined, dates: undefined, detail: ofOtherSeries });
    }
  }
  for (; unused > 0; unused--) yield 'ignored';
}
