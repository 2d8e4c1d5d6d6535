-- src/features/transfer/repository.ts

-- listTrashed
select
  *
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is not null
  and ((id) > ($2))
order by
  id asc
limit
  $3;

select
  id,
  array(
    select
      unnest(roots)
    intersect
    select
      unnest($1::uuid[])
  ) as roots
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $2
  and roots && $3::uuid[]
order by
  deleted_at asc,
  id asc;

-- knownIds
select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2::uuid[]);

-- projectNames
select
  id, name
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and id = any ($2::uuid[]);

-- projectsNamed
select
  id, name
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and name = any ($2)
order by
  archived asc,
  position asc,
  id asc;

-- knownPurgedCompletions
select
  task_id, completed_at
from
  tasklane.purged_completions as purged_completions
where
  purged_completions.lane_id = $1
  and task_id = any ($2::uuid[]);

-- knownTagKeys
select
  name_key
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and name_key = any ($2);

-- knownTasks
select
  id, project_id, parent_id,
  deleted_at is not null as deleted,
  (
    with recursive
      line as (
        select
          tasks.parent_id as up
        union all
        select
          above.parent_id
        from
          line
          join tasklane.tasks as above on above.id = line.up
        where
          above.lane_id = $1
      )
    select
      count(*)::integer
    from
      line
  ) as level
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $2
  and id = any ($3::uuid[]);
