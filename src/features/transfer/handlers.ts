import { beginCalendar, endCalendar } from '../../domain/icalendar/document';
import { withTimeZones } from '../../domain/icalendar/due';
import { todoLines } from '../../domain/icalendar/todo';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { maxErrors } from '../../platform/contract/document/validation-errors';
import type { Call, Handlers } from '../../platform/contract/http/call';
import type { Streamed } from '../../platform/contract/http/stream';
import type { UserScope } from '../../platform/database/lane';
import type { ChangeRow } from '../../platform/database/rows';
import { toChange } from '../changes/mapper';
import { listChanges } from '../changes/repository';
import { toClientEntry } from '../clients/mapper';
import { listClients } from '../clients/repository';
import { listCompletions, listPurgedCompletions, type PurgedCompletion } from '../completions/repository';
import { toProfile } from '../profile/mapper';
import { toProject } from '../projects/mapper';
import { listProjects } from '../projects/repository';
import { toTag } from '../tags/mapper';
import { listTags } from '../tags/repository';
import { toTask } from '../tasks/mapper';
import { listTasks } from '../tasks/repository';
import { listTrashedProjects } from '../trash/projects';
import { listWebhooksById } from '../webhooks/endpoints';
import { toWebhook } from '../webhooks/mapper';
import { readCalendar } from './calendar-file';
import { type CsvTask, csvOf } from './csv';
import { readCsv } from './csv-file';
import { firstErrors, importFile, type RowReader, reportOf } from './import';
import { openJson } from './json-file';
import { toExportedCompletion, toPurgedCompletion, toTrashedProject, toTrashedTask } from './mapper';
import { beginReading, byId, type LongRead, mapped, rowsById } from './pages';
import { listTrashed, projectNames } from './repository';
import { listTasksAlone, toTaskAlone } from './tasks-alone';

function csvPages(userId: string, read: LongRead): AsyncGenerator<CsvTask[]> {
  const rows = rowsById(read, async (lane, after, limit) => {
    const tasks = await listTasksAlone(lane, {}, after, limit);
    const names = await projectNames(lane, new Set(tasks.flatMap(({ project_id }) => project_id ?? [])));
    return tasks.map((task) => ({ ...task, project: names.get(task.project_id ?? '') ?? null }));
  });
  return mapped(rows, (row) => ({ ...toTaskAlone(userId, row), project: row.project }));
}

function fileHeaders(at: string, extension: string): { 'Content-Disposition': string } {
  return { 'Content-Disposition': `attachment; filename="tasklane-${at.slice(0, 10)}.${extension}"` };
}

async function* calendarOf(tasks: AsyncIterable<Schemas['Task'][]>): AsyncGenerator<string> {
  yield beginCalendar();
  yield* withTimeZones(tasks, todoLines);
  yield endCalendar;
}

function everything(userId: string, exported_at: string, read: LongRead) {
  const projects = rowsById(read, (lane, after, limit) => listProjects(lane, { order: byId, after, limit }));
  const deletedProjects = rowsById(read, (lane, after, limit) =>
    listTrashedProjects(lane, byId, after, limit),
  );
  const tags = rowsById(read, (lane, after, limit) => listTags(lane, byId, after, limit));
  const tasks = rowsById(read, (lane, after, limit) =>
    listTasks(lane, { filter: {}, order: byId, after, limit }),
  );
  const trash = rowsById(read, (lane, after, limit) => listTrashed(lane, byId, after, limit));
  const completions = rowsById(read, (lane, after, limit) =>
    listCompletions(lane, { filter: {}, order: byId, after, limit }),
  );
  const purgedCompletions = read.pages<PurgedCompletion>(listPurgedCompletions);
  const webhooks = rowsById(read, listWebhooksById);
  const clients = rowsById(read, (lane, after, limit) => listClients(lane, byId, after, limit));
  const changes = read.pages<ChangeRow>((lane, last, limit) =>
    listChanges(lane, Number(last?.seq ?? 0), limit),
  );
  return {
    format: 'tasklane-export' as const,
    version: 2 as const,
    exported_at,
    profile: toProfile(userId, read.profile),
    projects: mapped(projects, (row) => toProject(userId, row)),
    deleted_projects: mapped(deletedProjects, (row) => toTrashedProject(userId, row)),
    tags: mapped(tags, (row) => toTag(userId, row)),
    tasks: mapped(tasks, (row) => toTask(userId, row)),
    trash: mapped(trash, (row) => toTrashedTask(userId, row)),
    completions: mapped(completions, (row) => toExportedCompletion(userId, row)),
    purged_completions: mapped(purgedCompletions, toPurgedCompletion),
    webhooks: mapped(webhooks, (row) => toWebhook(userId, row)),
    clients: mapped(clients, toClientEntry),
    changes: mapped(changes, (row) => toChange(userId, row)),
  };
}

const begin = async (lane: UserScope) => ({ read: await beginReading(lane), at: new Date().toISOString() });

type ImportOperation = 'importLane' | 'importCsv' | 'importCalendar';

/** What the calls of all imports have in common; `R` is the reply. */
interface ImportCall<R> extends Pick<Call<ImportOperation>, 'lane' | 'body' | 'query'> {
  stream(status: 200, report: Streamed<Schemas['ImportReport']>): R;
  fail(code: 'validation-failed', members: Refusal): R;
  fail(code: 'import-interrupted', members: { detail: string }): R;
}

interface Refusal {
  detail: string;
  errors: ValidationError[];
  errors_omitted: number;
}

/** Carries out an import of any format. */
async function carryOutImport<R>(call: ImportCall<R>, readRows: RowReader): Promise<R> {
  const { dry_run, on_error } = call.query;
  const options = { readRows, dryRun: dry_run, onError: on_error };
  const { file, counts, isRefused, written } = await importFile(call.lane, call.body, options);
  if (isRefused && !dry_run) {
    const errors = await firstErrors(file, maxErrors);
    const all = file.rows.reduce((sum, { errorCount }) => sum + errorCount, 0);
    const detail = `${counts.errors} of ${file.rows.length} rows have errors, and nothing was imported.`;
    return call.fail('validation-failed', { detail, errors, errors_omitted: all - errors.length });
  }
  if (written?.isWhole === false) {
    const detail = `The lane was changed during the import, after ${written.created} rows were written. Repeat the import.`;
    return call.fail('import-interrupted', { detail });
  }
  return call.stream(200, { dry_run, ...counts, ignored: file.ignored, ...reportOf(file) });
}

export const transferHandlers: Pick<
  Handlers,
  'exportLane' | 'exportCsv' | 'exportCalendar' | ImportOperation
> = {
  async exportLane(call) {
    const { read, at } = await begin(call.lane);
    return call.stream(200, everything(call.lane.userId, at, read), fileHeaders(at, 'json'));
  },

  async exportCsv(call) {
    const { read, at } = await begin(call.lane);
    return call.stream(200, csvOf(csvPages(call.lane.userId, read)), fileHeaders(at, 'csv'));
  },

  async exportCalendar(call) {
    const { read, at } = await begin(call.lane);
    const rows = rowsById(read, (lane, after, limit) => listTasksAlone(lane, {}, after, limit));
    const tasks = mapped(rows, (row) => toTaskAlone(call.lane.userId, row));
    return call.stream(200, calendarOf(tasks), fileHeaders(at, 'ics'));
  },

  async importLane(call) {
    const reader = await openJson(call.body);
    if (!Array.isArray(reader)) return carryOutImport(call, reader);
    return call.fail('validation-failed', { errors: reader, errors_omitted: 0 });
  },
  importCsv: (call) => carryOutImport(call, readCsv),
  importCalendar: (call) => carryOutImport(call, readCalendar),
};
