/** Sample calls of every function that sends SQL. The types require a call of each function that a module exports. */
import { hash } from 'node:crypto';
import { termsOf } from '../../src/domain/text/words';
import { archivedProjects, outsideArchived } from '../../src/features/archived-projects/tasks';
import * as calendarFeeds from '../../src/features/calendar-feed/repository';
import * as changePurge from '../../src/features/changes/job';
import * as changes from '../../src/features/changes/repository';
import * as clients from '../../src/features/clients/repository';
import * as completions from '../../src/features/completions/repository';
import * as profile from '../../src/features/profile/repository';
import * as projectImports from '../../src/features/projects/import';
import * as projects from '../../src/features/projects/repository';
import { createQueueMissedJob } from '../../src/features/publishing/job';
import * as eventLeases from '../../src/features/publishing/leases';
import * as eventPositions from '../../src/features/publishing/positions';
import { queueEvents } from '../../src/features/publishing/queue';
import * as searchJobs from '../../src/features/search/job';
import * as search from '../../src/features/search/repository';
import * as stats from '../../src/features/stats/repository';
import { entityTypes } from '../../src/features/sync/entities';
import * as tags from '../../src/features/tags/repository';
import * as deletion from '../../src/features/tasks/delete';
import { absentFields } from '../../src/features/tasks/fields';
import * as reminderJobs from '../../src/features/tasks/job';
import { orderOf } from '../../src/features/tasks/order';
import * as overdue from '../../src/features/tasks/overdue';
import * as positions from '../../src/features/tasks/position';
import * as reminders from '../../src/features/tasks/reminders';
import * as tasks from '../../src/features/tasks/repository';
import * as trees from '../../src/features/tasks/tree';
import { viewMoment } from '../../src/features/tasks/view';
import * as taskWrites from '../../src/features/tasks/write';
import * as transfer from '../../src/features/transfer/repository';
import * as trashJobs from '../../src/features/trash/job';
import * as deletedProjects from '../../src/features/trash/projects';
import * as trash from '../../src/features/trash/repository';
import * as undo from '../../src/features/undo/repository';
import * as deliveries from '../../src/features/webhooks/deliveries';
import * as endpoints from '../../src/features/webhooks/endpoints';
import { createDeliveryPurgeJob } from '../../src/features/webhooks/job';
import * as leases from '../../src/features/webhooks/leases';
import { queueDeliveries } from '../../src/features/webhooks/queue';
import * as settlements from '../../src/features/webhooks/settlements';
import { findLaneOfCalendarFeed } from '../../src/platform/database/calendar-feeds';
import { useStatements } from '../../src/platform/database/clients';
import { lookUpStatements, storeStatement } from '../../src/platform/database/idempotency';
import type { Lane, WritableLane } from '../../src/platform/database/lane';
import * as laneSql from '../../src/platform/database/lane-sql';
import { createIdempotencyRecordsJob } from '../../src/platform/jobs/idempotency-records';
import type { Job, JobContext } from '../../src/platform/jobs/job';
import { storageJob } from '../../src/platform/jobs/storage';
import type { EmptyTables } from './recorder';
import {
  completion,
  delivery,
  id,
  instant,
  laneKey,
  otherId,
  project,
  purgedCompletion,
  reminder,
  tag,
  task,
  webhook,
} from './rows';

/** A call that sends statements, or the text of statements that are constants. */
export type Sample =
  | { readonly call: (context: JobContext) => Promise<unknown>; readonly empty: EmptyTables }
  | { readonly texts: readonly string[] };

/** The samples of the functions of a source file. A function can have several, each with a label. */
export interface FileSamples {
  /** From the project's root. */
  readonly path: string;
  readonly samples: Readonly<Record<string, Sample>>;
}

type InLane = (lane: WritableLane) => unknown;
// biome-ignore lint/suspicious/noExplicitAny: any parameters after the lane
type Sends = (lane: WritableLane, ...rest: any[]) => Promise<unknown>;

// biome-ignore lint/suspicious/noExplicitAny: any parameters
type BuildsQuery = (...rest: any[]) => { toSQL(): unknown };

/** The exported functions that send queries of a lane. Functions that only build a query for other functions do not count. */
type Senders<M> = {
  [F in keyof M]: M[F] extends BuildsQuery ? never : M[F] extends Sends ? F : never;
}[keyof M];

/** A call, or several calls with labels, for each function that sends queries. */
type Calls<M> = Readonly<Record<Senders<M>, InLane | Readonly<Record<string, InLane | Sample>>>>;

function inLane(call: InLane, ...empty: string[]): Sample {
  return { call: ({ laneForJob }) => laneForJob(laneKey).write(async (lane) => call(lane)), empty };
}

/** A call that finds no rows in some tables. */
const without =
  (...empty: string[]) =>
  (call: InLane): Sample =>
    inLane(call, ...empty);

function filed<M>(path: string, calls: Calls<M>): FileSamples {
  const samples: Record<string, Sample> = {};
  for (const [name, each] of Object.entries<InLane | Readonly<Record<string, InLane | Sample>>>(calls)) {
    const labelled = typeof each === 'function' ? { '': each } : each;
    for (const [label, sample] of Object.entries(labelled)) {
      const title = label === '' ? name : `${name}: ${label}`;
      samples[title] = typeof sample === 'function' ? inLane(sample) : sample;
    }
  }
  return { path: `src/${path}`, samples };
}

const job = ({ run }: Job): Sample => ({ call: (context) => run(context), empty: [] });

const afterInstant = new Date(instant.getTime() + 1);

const byId = [{ column: 'id', direction: 'asc' }] as const;
const bySeq = [{ column: 'seq', direction: 'desc' }] as const;
const ids = new Set([id, otherId]);
const terms = termsOf('word');
const searchExact = { terms, near: null };
const searchNear = { terms, near: [[{ word: 'work', similarity: 0.5 }]] };
const at = viewMoment('UTC', instant);
const newTag = { id, name: 'tag', color: null, created_at: undefined };
const newTask = () => ({ ...structuredClone(absentFields), id, title: 'Task', tags: ['tag'] });
const importedTask: taskWrites.ImportedTask = {
  ...newTask(),
  position: 'a0',
  completed_at: null,
  created_at: instant,
  deleted_at: null,
  deleted_with: null,
};

const importedProject: projectImports.ImportedProject = {
  ...{ id, name: 'Project', color: null, archived: false, position: 'a0' },
  ...{ created_at: instant, deleted_at: null },
};

const allFilters: tasks.TaskFilter = {
  status: ['pending'],
  priority: ['high'],
  ids: [id],
  projectId: [id],
  parentId: id,
  tagsAny: ['tag'],
  tagsAll: ['tag'],
  tagsNone: ['tag'],
  dueFrom: '2026-11-21',
  dueUntil: '2026-11-21',
  startFrom: '2026-11-21',
  startUntil: '2026-11-21',
  started: { wanted: true, at },
  has: ['subtasks', 'description'],
  hasNot: ['project'],
  completedAfter: instant,
  completedBefore: instant,
  createdAfter: instant,
  createdBefore: instant,
  updatedAfter: instant,
  updatedBefore: instant,
};
const list = (filter: tasks.TaskFilter, sort: Parameters<typeof orderOf>[0] = ['created_at']) =>
  ({ filter, order: orderOf(sort, filter.search), after: null, limit: 51 }) as const;
const view = (name: 'today' | 'overdue' | 'upcoming' | 'no_date') => (lane: Lane) =>
  tasks.listTasks(lane, list({ view: { name, at } }, ['due']));

const attempt = { at: instant.toISOString(), duration_ms: 1, status: 200, error: null, response: null };
const lease = { id, leasedUntil: instant };
const settled = (status: number) => ({
  lease,
  sentTo: webhook.url,
  settlements: [{ delivery, attempt: { ...attempt, status }, retryAfterMs: null }],
  waitMs: 0,
});
const request = { operation: 'createTask', key: 'key', fingerprint: Buffer.from(hash('sha256', 'request')) };

/** The samples of all files that contain SQL. */
export const allSamples: readonly FileSamples[] = [
  filed<typeof calendarFeeds>('features/calendar-feed/repository.ts', {
    findFeed: (lane) => calendarFeeds.findFeed(lane),
    removeFeed: (lane) => calendarFeeds.removeFeed(lane),
    putFeed: (lane) => calendarFeeds.putFeed(lane, { id, secret_hash: Buffer.alloc(32) }),
  }),
  filed<typeof changes>('features/changes/repository.ts', {
    readHistory: (lane) => changes.readHistory(lane),
    listChanges: (lane) => changes.listChanges(lane, 1, 100),
    listChangedEntities: (lane) => changes.listChangedEntities(lane, 1, 100),
    listChangesBy: {
      'first page': (lane) =>
        changes.listChangesBy(lane, { filter: {}, order: bySeq, after: null, limit: 51 }),
      'all filters': (lane) =>
        changes.listChangesBy(lane, {
          filter: {
            types: ['task'],
            actions: ['created'],
            actors: ['user', 'client'],
            clientId: 'a-client',
            entityId: id,
            since: instant,
            until: instant,
          },
          order: bySeq,
          after: ['1'],
          limit: 51,
        }),
    },
    countChanges: (lane) => changes.countChanges(lane, { types: ['task'] }),
    purgeChanges: {
      '': (lane) => changes.purgeChanges(lane, { cutoff: afterInstant, keepsUnpublished: false }, 100),
      'with a broker': (lane) =>
        changes.purgeChanges(lane, { cutoff: afterInstant, keepsUnpublished: true }, 100),
    },
  }),
  {
    path: 'src/features/changes/job.ts',
    samples: { createChangePurgeJob: job(changePurge.createChangePurgeJob(90, false)) },
  },
  {
    path: 'src/features/publishing/leases.ts',
    samples: Object.fromEntries(Object.entries(eventLeases).map(([name, text]) => [name, { texts: [text] }])),
  },
  filed<typeof eventPositions>('features/publishing/positions.ts', {
    queueLane: { '': without('event_positions')((lane) => eventPositions.queueLane(lane)) },
    movePosition: {
      'same epoch': (lane) => eventPositions.movePosition(lane, { epoch: id, seq: 1 }, { epoch: id, seq: 2 }),
      'another epoch': (lane) =>
        eventPositions.movePosition(lane, { epoch: otherId, seq: 1 }, { epoch: id, seq: 2 }),
    },
  }),
  {
    path: 'src/features/publishing/queue.ts',
    samples: {
      queueEvents: { texts: queueEvents(laneKey.id, 1).map(({ text }) => text) },
    },
  },
  {
    path: 'src/features/publishing/job.ts',
    samples: { createQueueMissedJob: job(createQueueMissedJob(true)) },
  },
  filed<typeof clients>('features/clients/repository.ts', {
    listClients: {
      'first page': (lane) => clients.listClients(lane, byId, null, 51),
      'next page': (lane) => clients.listClients(lane, byId, [id], 51),
    },
    setCutOff: (lane) => clients.setCutOff(lane, id, true),
  }),
  filed<typeof undo>('features/undo/repository.ts', {
    findLastRequests: {
      'of the user': (lane) => undo.findLastRequests(lane, null, { requests: 1, changes: 1_001 }),
      'of a client': (lane) => undo.findLastRequests(lane, 'client', { requests: 1, changes: 1_001 }),
    },
    listChangesOf: (lane) => undo.listChangesOf(lane, [id], 1_001),
    findLaterChanges: (lane) => undo.findLaterChanges(lane, [id], 1, [otherId]),
    findAnyTask: (lane) => undo.findAnyTask(lane, id),
    findDependents: (lane) => undo.findDependents(lane, { parents: [id], projects: [otherId] }),
    findTagged: (lane) => undo.findTagged(lane, id),
    updateTrashed: (lane) => undo.updateTrashed(lane, task, { project_id: null }),
  }),
  filed<typeof completions>('features/completions/repository.ts', {
    listCompletions: {
      'first page': (lane) =>
        completions.listCompletions(lane, { filter: {}, order: byId, after: null, limit: 51 }),
      'all filters': (lane) =>
        completions.listCompletions(lane, {
          filter: { taskId: id, completedAfter: instant, completedBefore: instant },
          order: byId,
          after: [id],
          limit: 51,
        }),
    },
    insertCompletion: (lane) => completions.insertCompletion(lane, completion),
    insertCompletions: (lane) => completions.insertCompletions(lane, [completion]),
    findCompletionById: (lane) => completions.findCompletionById(lane, id),
    findCompletion: (lane) => completions.findCompletion(lane, id, '2026-11-21'),
    lastCompletions: (lane) => completions.lastCompletions(lane, id),
    completedAhead: (lane) => completions.completedAhead(lane, id, '2026-11-21'),
    allCompletedAhead: (lane) => completions.allCompletedAhead(lane, [{ ...task, rrule: 'FREQ=DAILY' }]),
    correctCompletion: (lane) => completions.correctCompletion(lane, completion, instant),
    removeCompletion: (lane) => completions.removeCompletion(lane, completion),
    purgeCompletions: (lane) => completions.purgeCompletions(lane, [id]),
    listPurgedCompletions: (lane) => completions.listPurgedCompletions(lane, purgedCompletion, 100),
    importPurgedCompletions: (lane) => completions.importPurgedCompletions(lane, [purgedCompletion]),
  }),
  filed<typeof profile>('features/profile/repository.ts', {
    findProfile: (lane) => profile.findProfile(lane),
    findTimeZone: (lane) => profile.findTimeZone(lane),
    knowsTimeZone: (lane) => profile.knowsTimeZone(lane, 'Europe/Zurich'),
    updateProfile: (lane) => profile.updateProfile(lane, { time_zone: 'Europe/Zurich' }),
  }),
  {
    path: 'src/features/archived-projects/tasks.ts',
    samples: {
      archivedProjects: inLane((lane) => archivedProjects(lane)),
      outsideArchived: inLane((lane) => outsideArchived(lane, lane.rows('tasks')).select('id')),
    },
  },
  filed<typeof projects>('features/projects/repository.ts', {
    listProjects: {
      'first page': (lane) => projects.listProjects(lane, { order: byId, after: null, limit: 51 }),
      'all filters': (lane) =>
        projects.listProjects(lane, { ids: [id], archived: false, order: byId, after: [id], limit: 51 }),
    },
    listProjectNames: (lane) => projects.listProjectNames(lane),
    countInProjects: (lane) => projects.countInProjects(lane, [id]),
    findProject: (lane) => projects.findProject(lane, id),
    insertProject: (lane) =>
      projects.insertProject(lane, { id, name: 'Project', color: null, archived: false }),
    updateProject: (lane) => projects.updateProject(lane, project, { name: 'Other' }),
    rootsIn: (lane) => projects.rootsIn(lane, id),
    isInTrash: (lane) => projects.isInTrash(lane, id),
    projectWithId: (lane) => projects.projectWithId(lane, id),
    addToTrash: (lane) => projects.addToTrash(lane, project, [id]),
    deleteProject: (lane) => projects.deleteProject(lane, project),
  }),
  filed<typeof projectImports>('features/projects/import.ts', {
    importProjects: {
      'new projects': without('deleted_projects')((lane) =>
        projectImports.importProjects(lane, [importedProject, { ...importedProject, deleted_at: instant }]),
      ),
      'a project that is in the trash': (lane) => projectImports.importProjects(lane, [importedProject]),
    },
    addRoots: (lane) => projectImports.addRoots(lane, [{ id, deleted_with_project: otherId }]),
  }),
  filed<typeof search>('features/search/repository.ts', {
    nearWords: (lane) => search.nearWords(lane, terms, 'public'),
    indexTasks: (lane) => search.indexTasks(lane, 100),
  }),
  { path: 'src/features/search/job.ts', samples: { createSearchJob: job(searchJobs.createSearchJob()) } },
  filed<typeof stats>('features/stats/repository.ts', {
    countByKind: (lane) => stats.countByKind(lane),
    findProfileSince: (lane) => stats.findProfileSince(lane),
    findCompletions: (lane) =>
      stats.findCompletions(lane, {
        from: '2026-11-01',
        until: '2026-11-21',
        yesterday: '2026-11-20',
        offsets: [{ from: instant, seconds: 3600 }],
      }),
  }),
  {
    path: 'src/features/sync/entities.ts',
    samples: Object.fromEntries(
      Object.entries(entityTypes).flatMap(([type, entity]): [string, Sample][] =>
        entity === null
          ? []
          : [
              [`${type}: find`, inLane((lane) => entity.find(lane, [id]))],
              [
                `${type}: page`,
                inLane((lane) => entity.page(lane, type === 'profile' ? null : id, 200, instant)),
              ],
            ],
      ),
    ),
  },
  filed<typeof tags>('features/tags/repository.ts', {
    spellTags: (lane) => tags.spellTags(lane, ['tag']),
    replaceTaskTags: {
      'existing tags': (lane) => tags.replaceTaskTags(lane, id, ['tag']),
      'new tags': without('tags')((lane) => tags.replaceTaskTags(lane, id, ['tag'])),
    },
    insertTags: (lane) => tags.insertTags(lane, [newTag]),
    spellAll: { 'new tags': without('tags')((lane) => tags.spellAll(lane, [['tag']])) },
    tagTasks: (lane) => tags.tagTasks(lane, [{ id, tags: ['tag'] }]),
    listTags: (lane) => tags.listTags(lane, byId, [id], 51),
    countTagged: (lane) => tags.countTagged(lane, [id]),
    findTag: (lane) => tags.findTag(lane, id),
    updateTag: {
      'other color': (lane) => tags.updateTag(lane, tag, { color: '#000000' }),
      'new name': without('tags')((lane) => tags.updateTag(lane, tag, { name: 'other' })),
      'name of another tag': (lane) => tags.updateTag(lane, tag, { name: 'other' }),
    },
    deleteTag: (lane) => tags.deleteTag(lane, tag),
  }),
  filed<typeof tasks>('features/tasks/repository.ts', {
    listTasks: {
      'no filter': (lane) => tasks.listTasks(lane, list({})),
      'next page': (lane) => tasks.listTasks(lane, { ...list({}), after: [instant, id] }),
      'next page of two directions': (lane) =>
        tasks.listTasks(lane, { ...list({}, ['-priority', 'title']), after: [1, 'Task', id] }),
      'outside archived projects': (lane) => tasks.listTasks(lane, list({ outsideArchived: true })),
      'view today': view('today'),
      'view overdue': view('overdue'),
      'view upcoming': view('upcoming'),
      'view no_date': view('no_date'),
      'all filters': (lane) => tasks.listTasks(lane, list(allFilters)),
      'by relevance': (lane) => tasks.listTasks(lane, list({ search: searchExact }, ['relevance'])),
      'typo-tolerant': (lane) => tasks.listTasks(lane, list({ search: searchNear }, ['relevance'])),
    },
    countTasks: (lane) => tasks.countTasks(lane, {}),
    countSubtasks: (lane) => tasks.countSubtasks(lane, [id]),
    findTask: (lane) => tasks.findTask(lane, id),
    findTasks: (lane) => tasks.findTasks(lane, [id]),
    taskWithId: (lane) => tasks.taskWithId(lane, id),
  }),
  filed<typeof taskWrites>('features/tasks/write.ts', {
    insertTask: (lane) => taskWrites.insertTask(lane, newTask()),
    insertTasks: (lane) => taskWrites.insertTasks(lane, [importedTask]),
    restoreImported: (lane) => taskWrites.restoreImported(lane, [importedTask]),
    updateTask: {
      title: (lane) => taskWrites.updateTask(lane, task, { title: 'Other' }),
      tags: (lane) => taskWrites.updateTask(lane, task, { tags: ['other'] }),
    },
    updateTasks: (lane) => taskWrites.updateTasks(lane, [task], { project_id: null }),
    updateSubtasks: (lane) =>
      taskWrites.updateSubtasks(lane, [{ row: task, wanted: { status: 'completed' } }], 'next'),
  }),
  filed<typeof deletion>('features/tasks/delete.ts', {
    deleteTasks: (lane) => deletion.deleteTasks(lane, [id]),
    deleteTask: (lane) => deletion.deleteTask(lane, id),
  }),
  filed<typeof positions>('features/tasks/position.ts', {
    moveNextTo: (lane) =>
      positions.moveNextTo(lane, 'tasks', task, { id: otherId, position: 'a1' }, 'before'),
    positionAtEnd: (lane) => positions.positionAtEnd(lane, 'tasks'),
    writePositions: (lane) => positions.writePositions(lane, 'tasks', [{ id, position: 'a1' }]),
  }),
  filed<typeof overdue>('features/tasks/overdue.ts', {
    moveInstants: (lane) => overdue.moveInstants(lane, 'Europe/Zurich'),
    recordOverdue: (lane) => overdue.recordOverdue(lane, 200),
  }),
  filed<typeof reminders>('features/tasks/reminders.ts', {
    remindersFor: (lane) =>
      reminders.remindersFor(
        lane,
        { ...task, reminders: [{ ...reminder, at: '2026-11-21T08:00:00.000Z' }] },
        { ...task, due_date: '2026-11-22' },
      ),
    armReminders: (lane) => reminders.armReminders(lane, null, task),
    armImported: (lane) => reminders.armImported(lane, [task]),
    armMoved: (lane) =>
      reminders.armMoved(lane, [{ before: { ...task, reminders: [] }, after: task }], 'next'),
    moveReminders: (lane) => reminders.moveReminders(lane, 'Europe/Zurich'),
    fireReminders: (lane) => reminders.fireReminders(lane, 100),
    openAmong: (lane) => reminders.openAmong(lane, [id]),
  }),
  filed<typeof trees>('features/tasks/tree.ts', {
    lineOf: (lane) => trees.lineOf(lane, id),
    levelsBelow: (lane) => trees.levelsBelow(lane, id),
    findParentAndProject: (lane) => trees.findParentAndProject(lane, null, { project_id: id }),
  }),
  {
    path: 'src/features/tasks/job.ts',
    samples: { reminderJob: job(reminderJobs.reminderJob), overdueJob: job(reminderJobs.overdueJob) },
  },
  filed<typeof transfer>('features/transfer/repository.ts', {
    listTrashed: (lane) => transfer.listTrashed(lane, byId, [id], 200),
    knownIds: (lane) => transfer.knownIds(lane, 'tasks', ids),
    projectNames: (lane) => transfer.projectNames(lane, ids),
    projectsNamed: (lane) => transfer.projectsNamed(lane, new Set(['Project'])),
    knownPurgedCompletions: (lane) => transfer.knownPurgedCompletions(lane, ids),
    knownTagKeys: (lane) => transfer.knownTagKeys(lane, new Set(['tag'])),
    knownTasks: (lane) => transfer.knownTasks(lane, ids),
  }),
  filed<typeof trash>('features/trash/repository.ts', {
    findDeleted: (lane) => trash.findDeleted(lane, id),
    restoredRows: (lane) => trash.restoredRows(lane, task),
    restoreTask: (lane) =>
      trash.restoreTask(lane, task, [{ ...task, id: otherId }], { project_id: null, parent_id: null }),
    purgeTask: (lane) => trash.purgeTask(lane, task),
    purgeDeleted: {
      'all tasks': (lane) => trash.purgeDeleted(lane),
      'old tasks': (lane) => trash.purgeDeleted(lane, { until: instant, limit: 100 }),
    },
    listDeleted: (lane) => trash.listDeleted(lane, byId, [id], 51),
    countTaken: (lane) => trash.countTaken(lane, [id]),
  }),
  filed<typeof deletedProjects>('features/trash/projects.ts', {
    findDeletedProject: (lane) => deletedProjects.findDeletedProject(lane, id),
    listDeletedProjects: (lane) => deletedProjects.listDeletedProjects(lane, byId, [id], 51),
    listTrashedProjects: (lane) => deletedProjects.listTrashedProjects(lane, byId, [id], 200),
    restoreProject: (lane) => deletedProjects.restoreProject(lane, id),
    purgeProjects: {
      all: (lane) => deletedProjects.purgeProjects(lane),
      old: (lane) => deletedProjects.purgeProjects(lane, instant),
    },
  }),
  {
    path: 'src/features/trash/job.ts',
    samples: { createTrashPurgeJob: job(trashJobs.createTrashPurgeJob(30)) },
  },
  filed<typeof deliveries>('features/webhooks/deliveries.ts', {
    reschedule: (lane) => deliveries.reschedule(lane, id),
    listDeliveries: (lane) =>
      deliveries.listDeliveries(lane, { webhookId: id, states: ['failed'], after: [instant, id], limit: 51 }),
    findDelivery: (lane) => deliveries.findDelivery(lane, id, otherId),
    queueTest: (lane) => deliveries.queueTest(lane, id, otherId),
    queueVerification: {
      'no pending test': without('webhook_deliveries')((lane) =>
        deliveries.queueVerification(lane, id, otherId),
      ),
      'a pending test': (lane) => deliveries.queueVerification(lane, id, otherId),
    },
    requeue: (lane) => deliveries.requeue(lane, delivery),
    replay: (lane) =>
      deliveries.replay(
        lane,
        webhook,
        { since: instant, until: instant, includeDelivered: true },
        () => otherId,
      ),
    purgeDeliveries: (lane) => deliveries.purgeDeliveries(lane, [instant], 100),
  }),
  filed<typeof endpoints>('features/webhooks/endpoints.ts', {
    listWebhooks: (lane) => endpoints.listWebhooks(lane),
    listWebhooksById: (lane) => endpoints.listWebhooksById(lane, [id], 51),
    findWebhook: (lane) => endpoints.findWebhook(lane, id),
    insertWebhook: (lane) =>
      endpoints.insertWebhook(lane, {
        id,
        secret: 'secret',
        testId: otherId,
        url: webhook.url,
        description: null,
        events: [],
        enabled: true,
      }),
    updateWebhook: (lane) => endpoints.updateWebhook(lane, webhook, { enabled: false }, otherId),
    rotateSecret: (lane) => endpoints.rotateSecret(lane, webhook, 'other'),
    deleteWebhook: (lane) => endpoints.deleteWebhook(lane, id),
    verifyWebhook: (lane) => endpoints.verifyWebhook(lane, webhook),
    disableWebhook: (lane) => endpoints.disableWebhook(lane, webhook, 'gone'),
  }),
  filed<typeof leases>('features/webhooks/leases.ts', {
    findLeased: (lane) => leases.findLeased(lane, lease),
    findBatch: (lane) => leases.findBatch(lane, lease, 100),
  }),
  {
    path: 'src/features/webhooks/leases.ts',
    samples: { chooseDue: { texts: [leases.chooseDue] }, leaseDue: { texts: [leases.leaseDue] } },
  },
  filed<typeof settlements>('features/webhooks/settlements.ts', {
    settle: {
      success: (lane) => settlements.settle(lane, settled(200)),
      failure: (lane) => settlements.settle(lane, settled(500)),
    },
  }),
  {
    path: 'src/features/webhooks/queue.ts',
    samples: {
      queueDeliveries: {
        texts: queueDeliveries(laneKey.id, { delivers: true }, 1).map(({ text }) => text),
      },
    },
  },
  {
    path: 'src/features/webhooks/job.ts',
    samples: { createDeliveryPurgeJob: job(createDeliveryPurgeJob()) },
  },
  {
    path: 'src/platform/database/calendar-feeds.ts',
    samples: {
      findLaneOfCalendarFeed: {
        call: ({ withSystem }) => findLaneOfCalendarFeed(withSystem, Buffer.alloc(32)),
        empty: [],
      },
    },
  },
  {
    path: 'src/platform/database/clients.ts',
    samples: {
      useStatements: {
        texts: useStatements(laneKey.id, { id: 'a-client', name: null, scopes: ['read'] }).map(
          ({ text }) => text,
        ),
      },
    },
  },
  {
    path: 'src/platform/database/idempotency.ts',
    samples: {
      lookUpStatements: { texts: lookUpStatements(laneKey.id, request).map(({ text }) => text) },
      storeStatement: { texts: [storeStatement(laneKey.id, request, { status: 204, content: null }).text] },
    },
  },
  {
    path: 'src/platform/database/lane-sql.ts',
    samples: Object.fromEntries(
      Object.entries(laneSql)
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, text]) => [name, { texts: [text] }]),
    ),
  },
  {
    path: 'src/platform/jobs/idempotency-records.ts',
    samples: { createIdempotencyRecordsJob: job(createIdempotencyRecordsJob(90)) },
  },
  { path: 'src/platform/jobs/storage.ts', samples: { storageJob: job(storageJob) } },
];
