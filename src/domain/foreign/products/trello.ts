/** Trello, as it exports a board as JSON: cards, and beside them the lists, labels and checklists that they refer to. */
import { cut } from '../fit';
import {
  createForeignTask,
  type ForeignContext,
  type ForeignTask,
  instantIn,
  listOf,
  objectOf,
  projectOf,
  textOf,
} from '../foreign-task';

/** What the cards of a board refer to. */
export interface TrelloBoard {
  readonly name: string;
  readonly archived: boolean;
  readonly lists: ReadonlyMap<string, { readonly name: string; readonly closed: boolean }>;
  readonly members: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<string, TrelloField>;
  /** The comments of each card, the oldest first. */
  readonly comments: ReadonlyMap<string, readonly string[]>;
}

/** A custom field: its name, and the names of its options. */
export interface TrelloField {
  readonly name: string;
  readonly options: ReadonlyMap<string, string>;
}

const keyOf = (id: unknown) => (textOf(id) === '' ? undefined : `trello/${textOf(id)}`);

/** The time at which an id was made: its first eight digits are seconds since 1970. */
function createdAt(id: unknown): string | undefined {
  const [, seconds] = /^([0-9a-f]{8})[0-9a-f]{16}$/i.exec(textOf(id)) ?? [];
  return seconds === undefined ? undefined : new Date(Number.parseInt(seconds, 16) * 1_000).toISOString();
}

const labelName = (label: unknown) => {
  const { name, color } = objectOf(label);
  return textOf(name).trim() || textOf(color);
};

function valueIn(value: unknown, field: TrelloField): string {
  const { idValue, value: given } = objectOf(value);
  if (textOf(idValue) !== '') return field.options.get(textOf(idValue)) ?? '';
  return textOf(Object.values(objectOf(given))[0]);
}

/** Reads a card. */
export function readTrelloCard(value: unknown, board: TrelloBoard, context: ForeignContext): ForeignTask {
  const card = objectOf(value);
  const task = createForeignTask(context);
  const list = board.lists.get(textOf(card.idList));
  const isClosed = card.closed === true || list?.closed === true;
  task.title('name', card.name);
  task.describe(card.desc);
  task.set('status', card.dueComplete === true ? 'completed' : isClosed ? 'cancelled' : 'pending');
  if (isClosed) {
    const used = card.dueComplete === true ? 'completed' : 'cancelled';
    task.warn('closed', 'true', used, 'means that the card or its list is archived');
  }
  task.set('created_at', createdAt(card.id));
  task.instant('dateCompleted', 'completed_at', card.dateCompleted);
  const [due, start] = [instantIn(card.due), instantIn(card.start)];
  if (due) task.moment('due', due, undefined, false);
  else if (textOf(card.due) !== '') task.warn('due', card.due, null, 'is not a time');
  if (start) task.moment('start', start, undefined, false);
  const minutes = Number(card.dueReminder ?? -1);
  if (due && minutes >= 0 && minutes <= 40_320) task.remind({ minutes_before_due: Math.round(minutes) });
  task.tags('labels', listOf(card.labels).map(labelName));
  if (list && list.name !== '') {
    task.tags('idList', [list.name]);
    task.warn('idList', list.name, cut(list.name, 50), 'is the list of the card, which becomes a tag');
  }
  for (const each of listOf(card.attachments))
    task.link('attachments', objectOf(each).url, objectOf(each).name);
  task.link('shortUrl', card.shortUrl ?? card.url, 'Trello');
  task.extra(
    'idMembers',
    'Members',
    listOf(card.idMembers)
      .map((id) => board.members.get(textOf(id)) ?? id)
      .join(', '),
  );
  task.extra('locationName', 'Location', card.locationName);
  task.extra('address', 'Address', card.address);
  for (const each of listOf(card.customFieldItems)) {
    const field = board.fields.get(textOf(objectOf(each).idCustomField));
    if (field) task.extra('customFieldItems', field.name, valueIn(each, field));
  }
  for (const comment of board.comments.get(textOf(card.id)) ?? []) task.extra('actions', 'Comment', comment);
  const identity = { key: keyOf(card.id), parentKey: undefined };
  const project = projectOf(board.name, board.archived ? { archived: true } : {});
  return task.finish({ ...identity, project }, board.name);
}

/** Reads an item of a checklist as a subtask of its card. */
export function readTrelloCheckItem(
  value: unknown,
  checklist: Readonly<Record<string, unknown>>,
  board: TrelloBoard,
  context: ForeignContext,
): ForeignTask {
  const item = objectOf(value);
  const task = createForeignTask(context);
  task.title('name', item.name);
  task.set('status', item.state === 'complete' ? 'completed' : 'pending');
  task.set('created_at', createdAt(item.id));
  const due = instantIn(item.due);
  if (due) task.moment('due', due, undefined, false);
  const name = textOf(checklist.name).trim();
  if (name !== '' && name.toLowerCase() !== 'checklist') task.extra('checklists', 'Checklist', name);
  task.extra('idMember', 'Members', board.members.get(textOf(item.idMember)));
  const identity = { key: keyOf(item.id), parentKey: keyOf(checklist.idCard) };
  const project = projectOf(board.name, board.archived ? { archived: true } : {});
  return task.finish({ ...identity, project }, board.name);
}
