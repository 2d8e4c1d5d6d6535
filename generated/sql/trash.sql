-- src/features/trash/repository.ts

-- findDeleted
select
  *
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is not null
  and id = $2
limit
  $3;

-- restoredRows
select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id in (
    with recursive
      tree as (
        select
          id,
          1 as level
        from
          tasklane.tasks
        where
          lane_id = $2
          and id = $3
          and deleted_with = $4
        union all
        select
          task.id,
          tree.level + 1
        from
          tasklane.tasks as task
          join tree on task.parent_id = tree.id
        where
          task.lane_id = $5
          and deleted_with = $6
      )
    select
      id
    from
      tree
  );

select
  id, parent_id, project_id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2);

-- restoreTask
update tasklane.tasks as tasks
set
  deleted_at = $1,
  deleted_with = $2,
  project_id = $3,
  version = version + 1,
  updated_at = current_setting('app.now')::timestamptz(3),
  parent_id = $4
where
  tasks.lane_id = $5
  and id = $6
returning
  *;

update tasklane.tasks as tasks
set
  deleted_at = $1,
  deleted_with = $2,
  project_id = $3,
  version = version + 1,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $4
  and id = any ($5);

-- purgeTask
select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id in (
    with recursive
      tree as (
        select
          id,
          1 as level
        from
          tasklane.tasks
        where
          lane_id = $2
          and id = $3
          and deleted_with = $4
        union all
        select
          task.id,
          tree.level + 1
        from
          tasklane.tasks as task
          join tree on task.parent_id = tree.id
        where
          task.lane_id = $5
          and deleted_with = $6
      )
    select
      id
    from
      tree
  );

select
  id, parent_id, project_id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and (
    id = any ($2)
    or parent_id = any ($3)
  );

select
  id as task_id, completed_at
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2)
  and completed_at is not null;

select distinct
  task.id as task_id, task.completed_at
from
  tasklane.completions as completions
  cross join lateral jsonb_to_recordset(reopened) as task (id uuid, status text, completed_at timestamptz(3))
where
  completions.lane_id = $1
  and task_id = any ($2)
  and task.status = $3;

select
  task_id, completed_at,
  count(*)::integer as count
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = any ($2)
group by
  task_id, completed_at;

insert into
  tasklane.purged_completions (completed_at, count, lane_id, task_id)
values
  ($1, $2, $3, DEFAULT),
  ($4, $5, $6, $7)
on conflict (lane_id, task_id, completed_at) do update
set
  count = greatest(purged_completions.count, excluded.count);

select
  id
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = any ($2);

delete from tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2);

-- purgeDeleted: all tasks
select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is not null;

select
  id, parent_id, project_id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and (
    id = any ($2)
    or parent_id = any ($3)
  );

select
  id as task_id, completed_at
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2)
  and completed_at is not null;

select distinct
  task.id as task_id, task.completed_at
from
  tasklane.completions as completions
  cross join lateral jsonb_to_recordset(reopened) as task (id uuid, status text, completed_at timestamptz(3))
where
  completions.lane_id = $1
  and task_id = any ($2)
  and task.status = $3;

select
  task_id, completed_at,
  count(*)::integer as count
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = any ($2)
group by
  task_id, completed_at;

insert into
  tasklane.purged_completions (completed_at, count, lane_id, task_id)
values
  ($1, $2, $3, DEFAULT),
  ($4, $5, $6, $7)
on conflict (lane_id, task_id, completed_at) do update
set
  count = greatest(purged_completions.count, excluded.count);

select
  id
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = any ($2);

delete from tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2);

delete from tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
returning
  id;

-- purgeDeleted: old tasks
select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is not null
  and deleted_at <= $2
order by
  deleted_at asc,
  deleted_with asc,
  id asc
limit
  $3;

select
  id, parent_id, project_id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and (
    id = any ($2)
    or parent_id = any ($3)
  );

select
  id as task_id, completed_at
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2)
  and completed_at is not null;

select distinct
  task.id as task_id, task.completed_at
from
  tasklane.completions as completions
  cross join lateral jsonb_to_recordset(reopened) as task (id uuid, status text, completed_at timestamptz(3))
where
  completions.lane_id = $1
  and task_id = any ($2)
  and task.status = $3;

select
  task_id, completed_at,
  count(*)::integer as count
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = any ($2)
group by
  task_id, completed_at;

insert into
  tasklane.purged_completions (completed_at, count, lane_id, task_id)
values
  ($1, $2, $3, DEFAULT),
  ($4, $5, $6, $7)
on conflict (lane_id, task_id, completed_at) do update
set
  count = greatest(purged_completions.count, excluded.count);

select
  id
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = any ($2);

delete from tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2);

delete from tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and deleted_at <= $2
returning
  id;

-- listDeleted
select
  *
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = deleted_with
  and ((id) > ($2))
order by
  id asc
limit
  $3;

-- countTaken
select
  deleted_with,
  count(*)
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_with in ($2)
group by
  deleted_with;

-- src/features/trash/projects.ts

-- findDeletedProject
select
  id, name, color, archived, position, version, created_at, updated_at, deleted_at
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and id = $2
limit
  $3;

-- listDeletedProjects
select
  id, name, color, archived, position, version, created_at, updated_at, deleted_at,
  (
    (
      select
        count(*)
      from
        tasklane.tasks as tasks
      where
        tasks.lane_id = $1
        and deleted_with = any (deleted_projects.roots)
    )
  ) as task_count
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $2
  and ((id) > ($3))
order by
  id asc
limit
  $4;

-- listTrashedProjects
select
  id, name, color, archived, position, version, created_at, updated_at, deleted_at
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and ((id) > ($2))
order by
  id asc
limit
  $3;

-- restoreProject
select
  id, name, color, archived, position, version, created_at, updated_at, deleted_at
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and id = $2
limit
  $3;

insert into
  tasklane.projects (archived, color, created_at, id, lane_id, name, position, updated_at, version)
values
  ($1, $2, $3, $4, $5, $6, $7, current_setting('app.now')::timestamptz(3), $8)
returning
  *;

select
  id, parent_id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_with in (
    select
      unnest(roots)
    from
      tasklane.deleted_projects as deleted_projects
    where
      deleted_projects.lane_id = $2
      and id = $3
  )
order by
  position asc,
  id asc;

delete from tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and id = $2;

-- purgeProjects: all
delete from tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
returning
  id;

-- purgeProjects: old
delete from tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and deleted_at <= $2
returning
  id;

-- src/features/trash/job.ts

-- createTrashPurgeJob
select
  lane_id,
  now() - make_interval(hours => 24 * $1) as until
from
  (
    (
      select
        lane_id, deleted_at
      from
        tasklane.tasks
      where
        deleted_at <= now() - make_interval(hours => 24 * $1)
      order by
        deleted_at
      limit
        $2
    )
    union all
    (
      select
        lane_id, deleted_at
      from
        tasklane.deleted_projects
      where
        deleted_at <= now() - make_interval(hours => 24 * $1)
      order by
        deleted_at
      limit
        $2
    )
  ) as old
order by
  deleted_at
limit
  $2;

select
  id,
  user_id as "userId"
from
  tasklane.lanes
where
  id = any ($1::bigint[]);

select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is not null
order by
  deleted_at asc,
  deleted_with asc,
  id asc
limit
  $2;

select
  id, parent_id, project_id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and (
    id = any ($2)
    or parent_id = any ($3)
  );

select
  id as task_id, completed_at
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2)
  and completed_at is not null;

select distinct
  task.id as task_id, task.completed_at
from
  tasklane.completions as completions
  cross join lateral jsonb_to_recordset(reopened) as task (id uuid, status text, completed_at timestamptz(3))
where
  completions.lane_id = $1
  and task_id = any ($2)
  and task.status = $3;

select
  task_id, completed_at,
  count(*)::integer as count
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = any ($2)
group by
  task_id, completed_at;

insert into
  tasklane.purged_completions (completed_at, count, lane_id, task_id)
values
  ($1, $2, $3, DEFAULT),
  ($4, $5, $6, $7)
on conflict (lane_id, task_id, completed_at) do update
set
  count = greatest(purged_completions.count, excluded.count);

select
  id
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = any ($2);

delete from tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2);

delete from tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
returning
  id;
