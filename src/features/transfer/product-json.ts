/** Reads the JSON files of other products, which are recognised by their shape. */
import {
  type ForeignContext,
  type ForeignProject,
  type ForeignTask,
  listOf,
  objectOf,
  projectOf,
  textOf,
} from '../../domain/foreign/foreign-task';
import { readGoogleTask } from '../../domain/foreign/products/google-tasks';
import { readMicrosoftStep, readMicrosoftTask } from '../../domain/foreign/products/microsoft-todo';
import {
  readSuperProject,
  readSuperRepeat,
  readSuperTag,
  readSuperTask,
  type SuperProductivityBackup,
} from '../../domain/foreign/products/super-productivity';
import {
  readTrelloCard,
  readTrelloCheckItem,
  type TrelloBoard,
  type TrelloField,
} from '../../domain/foreign/products/trello';
import { readVikunjaProject, readVikunjaTask } from '../../domain/foreign/products/vikunja';
import { maxItemBytes, tooLarge } from '../../platform/contract/bodies/json-items';
import type { JsonPart } from '../../platform/contract/bodies/json-parts';
import type { SpooledBody } from '../../platform/contract/bodies/spool';
import { escapePointer } from '../../platform/contract/validation/validator';
import { idsFor, maxRows, type ReadRow, tooLargeError } from './file';
import { createPace } from './pace';
import { createProductRows } from './product-rows';

/** Where a value is in a document: the pointer to what contains it, and its index if that is an array. */
interface Place {
  readonly within: string;
  readonly index: number | null;
}

/** What the reader of a product yields: a task, a project, `ignored`, or `unreadable` for a value that is no object. */
type Found =
  | { readonly task: ForeignTask; readonly place: Place }
  | { readonly project: ForeignProject; readonly place: Place }
  | { readonly unreadable: unknown; readonly place: Place }
  | 'ignored';

/** A product whose files are read. */
export interface Product {
  /** The names of the id and of the parent in the file. */
  readonly idField: string;
  readonly parentField: string;
  read(root: JsonPart, context: ForeignContext): AsyncGenerator<Found>;
}

/** The fields of an object that are small. */
async function fieldsOf(part: JsonPart): Promise<Readonly<Record<string, unknown>>> {
  if (part.value !== tooLarge) return objectOf(part.value);
  const fields: Record<string, unknown> = {};
  let count = 0;
  for await (const [name, { value }] of part.members()) {
    if (count++ >= 1_000) break;
    if (value !== tooLarge) fields[name] = value;
  }
  return fields;
}

/** The members of a member of an object. */
async function* membersOf(part: JsonPart, name: string): AsyncGenerator<readonly [string, JsonPart]> {
  for await (const [each, member] of part.members()) if (each === name) yield* member.members();
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The items of an array of a document, with their places. Items that are no objects are `unreadable`. */
async function* itemsOf(
  items: AsyncIterable<readonly [string, JsonPart]>,
  within: string,
): AsyncGenerator<{ readonly value: unknown; readonly place: Place; readonly isReadable: boolean }> {
  for await (const [index, { value }] of items)
    yield { value, place: { within, index: Number(index) }, isReadable: isObject(value) };
}

const google: Product = {
  idField: 'id',
  parentField: 'parent',
  async *read(root, context) {
    const { kind, title } = await fieldsOf(root);
    if (kind === 'tasks#taskLists') {
      for await (const [index, list] of membersOf(root, 'items')) {
        const { title } = await fieldsOf(list);
        yield* tasksIn(list, `/body/items/${index}/items`, title, context);
      }
    } else yield* tasksIn(root, '/body/items', title, context);
  },
};

async function* tasksIn(
  list: JsonPart,
  within: string,
  title: unknown,
  context: ForeignContext,
): AsyncGenerator<Found> {
  const project = projectOf(title);
  if (project) yield { project, place: { within: within.slice(0, -'/items'.length), index: null } };
  for await (const { value, place, isReadable } of itemsOf(membersOf(list, 'items'), within)) {
    const task = isReadable ? readGoogleTask(value, title, context) : undefined;
    if (!isReadable) yield { unreadable: value, place };
    else yield task ? { task, place } : 'ignored';
  }
}

/** Lists in the member `value`, as Microsoft Graph returns them, or in the outermost array. */
const microsoft = (member: 'value' | undefined): Product => ({
  idField: 'id',
  parentField: 'checklistItems',
  async *read(root, context) {
    const within = member === undefined ? '/body' : `/body/${member}`;
    for await (const [index, part] of member === undefined ? root.members() : membersOf(root, member)) {
      const item = await fieldsOf(part);
      const place = { within, index: Number(index) };
      if (item.displayName === undefined) {
        yield* microsoftTask(part.value, undefined, place, context);
        continue;
      }
      const project = projectOf(item.displayName);
      if (project) yield { project, place };
      for await (const found of itemsOf(membersOf(part, 'tasks'), `${within}/${index}/tasks`))
        yield* microsoftTask(found.value, item.displayName, found.place, context);
    }
  },
});

function* microsoftTask(
  value: unknown,
  list: unknown,
  place: Place,
  context: ForeignContext,
): Generator<Found> {
  if (!isObject(value)) return yield { unreadable: value, place };
  yield { task: readMicrosoftTask(value, list, context), place };
  const within = `${place.within}/${place.index}/checklistItems`;
  const { id, checklistItems } = objectOf(value);
  for (const [index, step] of listOf(checklistItems).entries())
    yield { task: readMicrosoftStep(step, id, list, context), place: { within, index } };
}

// The comments of a board are in memory.
const maxComments = 8_000_000;

async function readBoard(root: JsonPart): Promise<TrelloBoard> {
  const { name, closed } = await fieldsOf(root);
  const lists = new Map<string, { name: string; closed: boolean }>();
  const members = new Map<string, string>();
  const fields = new Map<string, TrelloField>();
  const comments = new Map<string, string[]>();
  let characters = 0;
  const readers: Readonly<Record<string, (item: Readonly<Record<string, unknown>>) => void>> = {
    lists: (item) => lists.set(textOf(item.id), { name: short(item.name), closed: item.closed === true }),
    members: (item) => members.set(textOf(item.id), short(item.fullName) || short(item.username)),
    customFields: ({ id, name, options }) => {
      const read = listOf(options).map((each) => {
        const { id, value } = objectOf(each);
        return [textOf(id), short(objectOf(value).text)] as const;
      });
      fields.set(textOf(id), { name: short(name), options: new Map(read) });
    },
    actions: ({ type, data }) => {
      const { card, text } = objectOf(data);
      const id = textOf(objectOf(card).id);
      characters += textOf(text).length;
      if (type !== 'commentCard' || characters > maxComments) return;
      // The file has the newest comment first.
      comments.set(id, [textOf(text), ...(comments.get(id) ?? [])].slice(0, 100));
    },
  };
  const pace = createPace();
  for await (const [list, part] of root.members()) {
    const read = Object.hasOwn(readers, list) ? readers[list] : undefined;
    if (!read) continue;
    let count = 0;
    for await (const [, { value }] of part.members()) {
      await pace();
      if (count++ < maxRows && isObject(value)) read(objectOf(value));
    }
  }
  return { name: textOf(name), archived: closed === true, lists, members, fields, comments };
}

const short = (value: unknown) => textOf(value).slice(0, 200);

const trello: Product = {
  idField: 'id',
  parentField: 'idCard',
  async *read(root, context) {
    const board = await readBoard(root);
    for await (const { value, place, isReadable } of itemsOf(membersOf(root, 'cards'), '/body/cards')) {
      if (isReadable) yield { task: readTrelloCard(value, board, context), place };
      else yield { unreadable: value, place };
    }
    for await (const { value, place, isReadable } of itemsOf(
      membersOf(root, 'checklists'),
      '/body/checklists',
    )) {
      if (!isReadable) {
        yield { unreadable: value, place };
        continue;
      }
      const checklist = objectOf(value);
      const within = `/body/checklists/${place.index}/checkItems`;
      for (const [index, item] of listOf(checklist.checkItems).entries())
        yield { task: readTrelloCheckItem(item, checklist, board, context), place: { within, index } };
    }
  },
};

const vikunja: Product = {
  idField: 'id',
  parentField: 'related_tasks',
  async *read(root, context) {
    for await (const [index, part] of root.members()) {
      const place = { within: '/body', index: Number(index) };
      const fields = await fieldsOf(part);
      if (!isObject(part.value) && part.value !== tooLarge) {
        yield { unreadable: part.value, place };
        continue;
      }
      const project = readVikunjaProject(fields);
      if (project.project) yield { project: project.project, place };
      for await (const each of itemsOf(membersOf(part, 'tasks'), `/body/${index}/tasks`)) {
        if (each.isReadable) yield { task: readVikunjaTask(each.value, project, context), place: each.place };
        else yield { unreadable: each.value, place: each.place };
      }
    }
  },
};

/** The entities of a part of a backup: objects by their ids. */
async function* entitiesOf(part: JsonPart): AsyncGenerator<readonly [string, JsonPart]> {
  yield* membersOf(part, 'entities');
}

/** The parts of a backup that contain models. */
async function* modelsOf(
  root: JsonPart,
): AsyncGenerator<readonly [name: string, within: string, part: JsonPart]> {
  for await (const [name, part] of root.members()) {
    if (name !== 'data') yield [name, `/body/${name}`, part];
    else for await (const [model, each] of part.members()) yield [model, `/body/data/${model}`, each];
  }
}

async function readBackup(root: JsonPart): Promise<SuperProductivityBackup> {
  const backup: SuperProductivityBackup = {
    ...{ projects: new Map(), tags: new Map(), repeats: new Map() },
    ...{ reminders: new Map(), openRepeats: new Map() },
  };
  const created = new Map<string, number>();
  const readers: Readonly<Record<string, (id: string, value: Readonly<Record<string, unknown>>) => void>> = {
    project(id, value) {
      const project = readSuperProject(value);
      if (project) backup.projects.set(id, project);
    },
    tag(id, value) {
      const name = readSuperTag(value);
      if (name !== undefined) backup.tags.set(id, name);
    },
    taskRepeatCfg: (id, value) => {
      if (JSON.stringify(value).length < 20_000) backup.repeats.set(id, value);
    },
    task(id, { repeatCfgId, isDone, created: at }) {
      const repeat = textOf(repeatCfgId);
      const time = Number(at ?? 0);
      if (repeat === '' || isDone === true || time < (created.get(repeat) ?? 0)) return;
      created.set(repeat, time);
      backup.openRepeats.set(repeat, id);
    },
  };
  const pace = createPace();
  for await (const [name, , part] of modelsOf(root)) {
    const isReminders = name === 'reminders' || name === 'reminder';
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (!read && !isReminders) continue;
    let count = 0;
    for await (const [id, { value }] of isReminders ? part.members() : entitiesOf(part)) {
      await pace();
      if (count++ >= maxRows || !isObject(value)) continue;
      const item = objectOf(value);
      if (isReminders) backup.reminders.set(textOf(item.id), item.remindAt);
      else read?.(id, item);
    }
  }
  return backup;
}

const archives: ReadonlySet<string> = new Set(['archiveYoung', 'archiveOld']);

const superProductivity: Product = {
  idField: 'id',
  parentField: 'parentId',
  async *read(root, context) {
    const backup = await readBackup(root);
    async function* tasksOf(part: JsonPart, within: string): AsyncGenerator<Found> {
      for await (const [id, { value }] of entitiesOf(part)) {
        const place = placeOf(within, id);
        if (isObject(value)) yield { task: readSuperTask(value, backup, context), place };
        else yield { unreadable: value, place };
      }
    }
    for await (const [name, within, part] of modelsOf(root)) {
      if (name === 'project')
        for (const [id, project] of backup.projects) yield { project, place: placeOf(within, id) };
      else if (name === 'task' || name === 'taskArchive') yield* tasksOf(part, within);
      else if (archives.has(name)) {
        for await (const [model, tasks] of part.members())
          if (model === 'task') yield* tasksOf(tasks, `${within}/task`);
      } else if (name === 'taskRepeatCfg') {
        for (const [id, repeat] of backup.repeats) {
          const task = backup.openRepeats.has(id) ? undefined : readSuperRepeat(repeat, backup, context);
          if (task) yield { task, place: placeOf(within, id) };
        }
      } else if (name === 'note') for await (const _ of entitiesOf(part)) yield 'ignored';
    }
  },
};

const placeOf = (within: string, id: string): Place => ({
  within: `${within}/entities/${escapePointer(id.slice(0, 100))}`,
  index: null,
});

type Document = Readonly<Record<string, unknown>>;

const isPart = (value: unknown) => value === tooLarge || isObject(value);

/** The product whose file a document is; undefined if it is none. */
export async function productOf({
  document,
  parts,
}: Pick<SpooledBody, 'document' | 'parts'>): Promise<Product | undefined> {
  if (Array.isArray(document)) return productOfList(parts());
  const { format, kind, value, cards, lists, data, task, project } = objectOf(document) as Document;
  if (format !== undefined) return undefined;
  if (typeof kind === 'string' && kind.startsWith('tasks#')) return google;
  if (Array.isArray(cards) && Array.isArray(lists)) return trello;
  if (isPart(data) || (isPart(task) && isPart(project))) return superProductivity;
  return Array.isArray(value) ? microsoft('value') : undefined;
}

async function productOfList(root: JsonPart): Promise<Product | undefined> {
  for await (const [, first] of root.members()) {
    const fields = await fieldsOf(first);
    if (fields.displayName !== undefined) return microsoft(undefined);
    return fields.title !== undefined &&
      (fields.identifier !== undefined || 'tasks' in fields || 'is_archived' in fields)
      ? vikunja
      : undefined;
  }
  return undefined;
}

/** The rows of a file of another product. */
export async function* readProductJson(
  { read, ...names }: Product,
  file: Pick<SpooledBody, 'parts' | 'sha256'>,
  context: ForeignContext,
): AsyncGenerator<ReadRow | 'ignored'> {
  const { projectRows, taskRows } = createProductRows(idsFor(file.sha256));
  let row = 0;
  for await (const found of read(file.parts(), context)) {
    if (found === 'ignored') {
      yield found;
      continue;
    }
    const location = { line: null, ...found.place };
    if ('task' in found) yield* taskRows(found.task, ++row, { ...location, ...names });
    else if ('project' in found) yield* projectRows(found.project, { row: ++row, ...location });
    else {
      const error =
        found.unreadable === tooLarge
          ? tooLargeError(maxItemBytes)
          : ({ pointer: '', code: 'wrong-type', detail: 'must be an object' } as const);
      yield { ...location, row: ++row, type: 'task', id: null, read: [error] };
    }
  }
}
