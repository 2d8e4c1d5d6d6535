/** The to-dos of an iCalendar object as the rows of an import. */
import type { Schemas, ValidationError } from '../contract/operations';
import { createCheck } from '../contract/rows';
import { componentsOf, locationsOf, type ReadTodo, readTodo } from '../icalendar/read';
import { readTask, type TaskDraft } from '../tasks/import';
import {
  breathe,
  type FileRow,
  faultOfFile,
  type ImportFile,
  idNamed,
  idsFor,
  makeRow,
  maxRows,
  tooManyRows,
} from './file';

const check = createCheck('TaskImport');

// What a field of a task comes from, where the property's name is another.
const properties: Readonly<Record<string, string>> = {
  title: 'summary',
  tags: 'categories',
  due_date: 'due',
  due_time: 'due',
  time_zone: 'due',
  completed_at: 'completed',
  created_at: 'created',
  reminders: 'valarm',
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

function toDraft({ fields, faults, related }: ReadTodo, id: string): TaskDraft | ValidationError[] {
  const found = faults.map(
    ({ property, code, detail }): ValidationError => ({ pointer: `/${property}`, code, detail }),
  );
  const task = related === undefined ? fields : { ...fields, parent_id: idOfUid(related) };
  found.push(...check(task).map(toProperty));
  if (found.length > 0) return found;
  const read = readTask({ ...(task as Schemas['TaskImport']), id }, { isTrashed: false });
  return Array.isArray(read) ? read.map(toProperty) : read;
}

function parseTodo(text: string, locations: ReadonlyMap<string, string>): ReadTodo | undefined {
  try {
    return readTodo(text, locations);
  } catch {
    return undefined;
  }
}

// A change of one occurrence of a series, which a task has none of.
const isException = (text: string) => /^RECURRENCE-ID[;:]/im.test(text);

/** Reads the VTODOs of an object, and counts what else it has. */
export async function readCalendar(text: string): Promise<ImportFile> {
  const idOf = idsFor(text);
  const locations = locationsOf(text);
  const rows: FileRow[] = [];
  let [ignored, count] = [0, 0];
  for (const component of componentsOf(text)) {
    await breathe(++count);
    if ('broken' in component) {
      rows.push(faultOfFile(component.line, { pointer: '', code: 'wrong-format', detail: component.broken }));
    } else if (component.name !== 'VTODO' || isException(component.text)) {
      if (component.name !== 'VTIMEZONE') ignored++;
    } else {
      if (rows.length === maxRows) return { rows: [faultOfFile(component.line, tooManyRows)], ignored };
      const row = rows.length + 1;
      const todo = parseTodo(component.text, locations);
      const id = todo?.uid === undefined ? idOf(row) : idOfUid(todo.uid);
      const place = { row, line: component.line, type: 'task' as const, at: `/body/${row}`, id };
      const unread: ValidationError[] = [{ pointer: '', code: 'wrong-format', detail: 'is not iCalendar' }];
      rows.push(makeRow(place, todo ? toDraft(todo, id) : unread) as FileRow);
    }
  }
  return { rows, ignored };
}
