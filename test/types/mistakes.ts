/**
 * Deliberate mistakes, each of which the compiler must refuse: `npm test` type-checks this file, and an
 * `@ts-expect-error` without an error is itself an error.
 */

import type { Schemas } from '../../src/platform/contract/document/operations';
import type { Call, Handler, Handlers } from '../../src/platform/contract/http/call';
import type { EventSubscriber } from '../../src/platform/contract/http/event-stream';
import type { CasesOf } from '../contract/cases';

declare const task: Schemas['Task'];
declare const getTask: Call<'getTask'>;
declare const listTasks: Call<'listTasks'>;
declare const createTask: Call<'createTask'>;
declare const deleteTask: Call<'deleteTask'>;
declare const exportLane: Call<'exportLane'>;
declare const exportCsv: Call<'exportCsv'>;
declare const importCsv: Call<'importCsv'>;
declare const text: AsyncIterable<string>;
declare const document: Omit<Schemas['LaneExport'], 'tasks'>;
declare const pages: AsyncIterable<Schemas['Task'][]>;
declare const otherPages: AsyncIterable<Schemas['Change'][]>;
declare const streamEvents: Call<'streamEvents'>;
declare const subscriber: EventSubscriber;
declare const getLiveness: Call<'getLiveness'>;
declare const handlers: Handlers;
declare const okay: () => Promise<never>;

/** Correct code, so that the compiler rejects the examples below only for their mistakes. */
export const right: unknown[] = [
  getTask.reply(200, task),
  getTask.fail('task-not-found'),
  createTask.reply(201, task, { Location: '/api/ada/tasks/1' }),
  deleteTask.reply(204),
  listTasks.reply(200, {
    items: [task],
    next_cursor: null,
    total: null,
    subtask_counts: null,
    highlights: null,
    search: null,
  }),
  listTasks.reply(
    200,
    { items: [], next_cursor: 'x', total: 1, subtask_counts: null, highlights: null, search: null },
    { Link: '<x>; rel="next"' },
  ),
  listTasks.fail('validation-failed', { errors: [] }),
  exportLane.stream(200, { ...document, tasks: pages }, { 'Content-Disposition': 'attachment' }),
  exportLane.stream(200, { ...document, tasks: [task] }, { 'Content-Disposition': 'attachment' }),
  exportCsv.stream(200, text, { 'Content-Disposition': 'attachment' }),
  streamEvents.eventStream(200, subscriber),
  streamEvents.fail('too-many-streams'),
  streamEvents.headers['last-event-id']?.length,
  importCsv.body.pieces(),
];

export const mistakes: unknown[] = [
  // @ts-expect-error an event stream, although the contract has none
  exportLane.eventStream(200, subscriber),
  // @ts-expect-error a status that has no event stream
  streamEvents.eventStream(503, subscriber),
  // @ts-expect-error a problem that the platform answers with before a handler is called
  streamEvents.fail('rate-limited'),
  // @ts-expect-error a header that the contract does not name
  streamEvents.headers['if-match'],
  // @ts-expect-error a status that the operation does not have
  getTask.reply(201, task),
  // @ts-expect-error a problem's status, which only `fail` may answer with
  getTask.reply(404, task),
  // @ts-expect-error no body where the contract has one
  getTask.reply(200),
  // @ts-expect-error a body that lacks fields
  getTask.reply(200, { id: task.id }),
  // @ts-expect-error a surplus field
  getTask.reply(200, { ...task, secret: 1 }),
  // @ts-expect-error a field of the wrong type
  getTask.reply(200, { ...task, version: '1' }),
  // @ts-expect-error a value that the enum does not have
  getTask.reply(200, { ...task, status: 'done' }),
  // @ts-expect-error a body where the contract has none
  deleteTask.reply(204, task),
  // @ts-expect-error no Location
  createTask.reply(201, task),
  // @ts-expect-error a header of another name
  createTask.reply(201, task, { Locaton: '/api/ada/tasks/1' }),
  listTasks.reply(
    200,
    { items: [], next_cursor: null, total: null, subtask_counts: null, highlights: null, search: null },
    // @ts-expect-error a surplus header
    { Lnk: '' },
  ),
  // @ts-expect-error a problem that the contract does not have
  getTask.fail('task-not-fund'),
  // @ts-expect-error a problem of another operation
  getTask.fail('id-taken'),
  // @ts-expect-error a problem that only the platform answers with
  getTask.fail('unauthorized'),
  // @ts-expect-error a problem without the members that it must have
  listTasks.fail('validation-failed'),
  // @ts-expect-error a list in pages, which only a stream may have
  exportLane.reply(200, { ...document, tasks: pages }, { 'Content-Disposition': 'attachment' }),
  // @ts-expect-error a list in pages of other items
  exportLane.stream(200, { ...document, tasks: otherPages }, { 'Content-Disposition': 'attachment' }),
  // @ts-expect-error a stream without one of its lists
  exportLane.stream(200, document, { 'Content-Disposition': 'attachment' }),
  // @ts-expect-error a stream with a surplus list
  exportLane.stream(200, { ...document, tasks: pages, labels: [] }, { 'Content-Disposition': 'attachment' }),
  // @ts-expect-error a stream without its headers
  exportLane.stream(200, { ...document, tasks: pages }),
  // @ts-expect-error text instead of a stream
  exportCsv.stream(200, 'id', { 'Content-Disposition': 'attachment' }),
  // @ts-expect-error an operation outside all lanes has no lane
  getLiveness.lane,
  // @ts-expect-error a query parameter that the operation does not take
  getTask.query.limit,
  // @ts-expect-error a body that the operation does not take
  getTask.body.title,
  // @ts-expect-error a spooled body where the contract has none
  createTask.body.pieces(),
  // @ts-expect-error a field of a spooled body
  importCsv.body.title,
];

export const literal: Handler<'deleteTask'> = async () =>
  // @ts-expect-error a reply that `call.reply` did not make
  ({ status: 204 });

export const otherReply: Handler<'getTask'> = async () =>
  // @ts-expect-error another operation's reply
  deleteTask.reply(204);

const { getTask: _left, ...others } = handlers;
// @ts-expect-error an operation without a handler
export const missingHandler: Handlers = others;

// @ts-expect-error a handler without an operation
export const surplusHandler: Pick<Handlers, 'getTask'> = { getTask: handlers.getTask, getTasks: okay };

// @ts-expect-error a status without a case
export const missingCase: CasesOf<'getTask'> = { getTask: { 200: okay } };

// @ts-expect-error an operation without cases
export const missingCases: CasesOf<'getTask' | 'deleteTask'> = { getTask: { 200: okay, 404: okay } };

export const surplusCase: CasesOf<'getTask'> = {
  // @ts-expect-error a case for a status that the operation does not have
  getTask: { 200: okay, 404: okay, 418: okay },
};
