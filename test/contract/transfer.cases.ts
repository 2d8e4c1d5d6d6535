import { randomUUID } from 'node:crypto';
import { query } from '../support/database';
import { holdLane, waitingForLocks } from '../support/held-lane';
import { until } from '../support/until';
import type { CasesOf } from './cases';

/** A task in an import: a format writes only the references that it can express. */
interface ImportedTask {
  id: string;
  title: string;
  due_date: string;
  project_id?: string;
  parent_id?: string;
}

/** The cases of an import. `fileOf` makes the file for a task. */
function importCases(
  extension: string,
  fileOf: (task: ImportedTask) => { type: string; body: unknown },
): CasesOf<'importLane'>['importLane'] {
  const fields = { id: randomUUID(), title: 'A task', due_date: '2026-11-28' };
  const requestOf = (task: ImportedTask) => {
    const { type, body } = fileOf(task);
    return { body, headers: { 'Content-Type': type } };
  };
  return {
    200: async ({ send, lane }) => {
      const dry = await send('POST', `${lane}/import.${extension}?dry_run=true`, requestOf(fields));
      expect(dry.body).toMatchObject({
        dry_run: true,
        created: 1,
        rows: [{ row: 1, type: 'task', action: 'create', id: fields.id }],
      });
      expect((await send('GET', `${lane}/tasks`)).body.items).toEqual([]);

      const response = await send('POST', `${lane}/import.${extension}`, requestOf(fields));
      expect(response.body).toMatchObject({ dry_run: false, created: 1, skipped: 0, errors: 0, ignored: 0 });
      expect(response.body.rows).toEqual(dry.body.rows);
      expect((await send('GET', `${lane}/tasks`)).body.items).toMatchObject([fields]);
      return response;
    },
    409: async ({ send, lane, userId, databaseUrl }) => {
      const { body: project } = await send('POST', `${lane}/projects`, { body: { name: 'A project' } });
      const { body: parent } = await send('POST', `${lane}/tasks`, { body: { title: 'A parent' } });
      const held = await holdLane(databaseUrl, userId);
      const task = { ...fields, project_id: project.id, parent_id: parent.id };
      const importing = send('POST', `${lane}/import.${extension}`, requestOf(task));
      await Promise.all([
        importing,
        until(async () => (await waitingForLocks(databaseUrl)) > 0)
          .then(() => query(databaseUrl, 'delete from tasklane.tasks where lane_id = lane_of($1)', [userId]))
          .then(() =>
            query(databaseUrl, 'delete from tasklane.projects where lane_id = lane_of($1)', [userId]),
          )
          .finally(held.release),
      ]);
      expect((await send('GET', `${lane}/tasks`)).body.items).toEqual([]);
      return importing;
    },
  };
}

export const transferCases: CasesOf<
  'exportLane' | 'exportCsv' | 'exportCalendar' | 'importLane' | 'importCsv' | 'importCalendar'
> = {
  exportLane: {
    200: async ({ send, lane, userId }) => {
      const profile = await send('PATCH', `${lane}/profile`, { body: { week_start: 'sunday' } });
      const task = await send('POST', `${lane}/tasks`, { body: { title: 'A task' } });
      const response = await send('GET', `${lane}/export`);
      expect(response.body).toMatchObject({
        format: 'tasklane-export',
        version: 2,
        profile: profile.body,
        projects: [],
        tags: [],
        tasks: [task.body],
        trash: [],
        completions: [],
        changes: [
          {
            seq: 1,
            type: 'profile',
            entity_id: null,
            action: 'updated',
            fields: { week_start: { from: 'monday', to: 'sunday' } },
          },
          { seq: 2, type: 'task', entity_id: task.body.id, action: 'created', fields: {} },
        ],
      });
      expect(response.body.profile.user_id).toBe(userId);
      const day = response.body.exported_at.slice(0, 10);
      expect(response.headers['content-disposition']).toBe(`attachment; filename="tasklane-${day}.json"`);
      return response;
    },
  },
  exportCsv: {
    200: async ({ send, lane, userId }) => {
      const { body: task } = await send('POST', `${lane}/tasks`, {
        body: { title: '=A, "task"', tags: ['b', 'a'] },
      });
      const response = await send('GET', `${lane}/export.csv`);
      expect(response.body).toBe(
        [
          'id,user_id,project_id,project,parent_id,title,description,status,priority,completed,completed_at,tags,due_date,due_time,time_zone,due_at,start_date,start_time,start_at,rrule,repeat_from,recurrence_start,recurrence_start_time,recurrence_due,excluded_dates,reminders,position,version,created_at,updated_at,links',
          `${task.id},${userId},,,,"'=A, ""task""",,pending,medium,false,,"a, b",,,,,,,,,schedule,,,,,,${task.position},1,${task.created_at},${task.updated_at},`,
          '',
        ].join('\r\n'),
      );
      expect(response.headers['content-disposition']).toMatch(
        /^attachment; filename="tasklane-\d{4}-\d\d-\d\d\.csv"$/,
      );
      return response;
    },
  },
  exportCalendar: {
    200: async ({ send, lane }) => {
      const { body: task } = await send('POST', `${lane}/tasks`, {
        body: { title: 'A task; with, signs', priority: 'urgent', due_date: '2026-11-28' },
      });
      const response = await send('GET', `${lane}/export.ics`);
      const created = task.created_at.replace(/[-:]|\.\d+/g, '');
      expect(response.body.split('\r\n')).toEqual([
        'BEGIN:VCALENDAR',
        'PRODID:-//Tasklane//Tasklane//EN',
        'VERSION:2.0',
        'CALSCALE:GREGORIAN',
        'BEGIN:VTODO',
        `UID:${task.id}`,
        `DTSTAMP:${created}`,
        `CREATED:${created}`,
        `LAST-MODIFIED:${created}`,
        'SEQUENCE:1',
        'SUMMARY:A task\\; with\\, signs',
        'PRIORITY:1',
        'STATUS:NEEDS-ACTION',
        'DUE;VALUE=DATE:20261128',
        'END:VTODO',
        'END:VCALENDAR',
        '',
      ]);
      expect(response.headers['content-disposition']).toMatch(
        /^attachment; filename="tasklane-\d{4}-\d\d-\d\d\.ics"$/,
      );
      return response;
    },
  },
  importLane: importCases('json', ({ id, title, due_date, project_id }) => ({
    type: 'application/json',
    body: { format: 'tasklane-export', version: 2, tasks: [{ id, title, due_date, project_id }] },
  })),
  importCsv: importCases('csv', ({ id, title, due_date, project_id }) => ({
    type: 'text/csv',
    body: `id,title,due_date,project_id\r\n${id},${title},${due_date},${project_id ?? ''}\r\n`,
  })),
  importCalendar: importCases('ics', ({ id, title, due_date, parent_id }) => ({
    type: 'text/calendar',
    body: [
      ...['BEGIN:VCALENDAR', 'BEGIN:VTODO', `UID:${id}`, `SUMMARY:${title}`],
      `DUE;VALUE=DATE:${due_date.replaceAll('-', '')}`,
      ...(parent_id ? [`RELATED-TO:${parent_id}`] : []),
      ...['END:VTODO', 'END:VCALENDAR', ''],
    ].join('\r\n'),
  })),
};
