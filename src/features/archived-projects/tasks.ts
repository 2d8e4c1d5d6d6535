import type { Lane, RowQuery } from '../../platform/database/lane';

/** A query for the ids of the archived projects. */
export function archivedProjects(lane: Lane) {
  return lane.rows('projects').whereRaw('archived').select('id');
}

/** Limits a query of tasks to those that are in no archived project. */
export function outsideArchived<R extends object>(lane: Lane, query: RowQuery<R>): RowQuery<R> {
  return query.where((either) =>
    either.whereNull('project_id').orWhereNotIn('project_id', archivedProjects(lane)),
  );
}
