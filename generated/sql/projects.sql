-- src/features/projects/repository.ts

-- listProjects: first page
select
  *
from
  tasklane.projects as projects
where
  projects.lane_id = $1
order by
  id asc
limit
  $2;

-- listProjects: all filters
select
  *
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and id = any ($2::uuid[])
  and archived = $3
  and ((id) > ($4))
order by
  id asc
limit
  $5;

-- listProjectNames
select
  id, name
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and archived = $2
order by
  position asc;

-- countInProjects
select
  project_id,
  count(*) filter (
    where
      status_rank <= 2
  ) as open,
  count(*) filter (
    where
      status_rank = 3
  ) as completed
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and project_id in ($2)
group by
  project_id;

-- findProject
select
  *
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and id = $2
limit
  $3;

-- insertProject
insert into
  tasklane.projects (archived, color, created_at, id, lane_id, name, updated_at)
values
  (
    $1,
    $2,
    current_setting('app.now')::timestamptz(3),
    $3,
    $4,
    $5,
    current_setting('app.now')::timestamptz(3)
  )
on conflict (lane_id, id) do nothing
returning
  *;

-- updateProject
update tasklane.projects as projects
set
  name = $1,
  version = $2,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  projects.lane_id = $3
  and id = $4
returning
  *;

-- rootsIn
select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and project_id = $2
  and parent_id is null
order by
  position asc,
  id asc;

-- isInTrash
select
  id
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and id = $2
limit
  $3;

-- projectWithId
select
  version
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and id = $2
limit
  $3;

select
  version
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and id = $2
limit
  $3;

-- addToTrash
insert into
  tasklane.deleted_projects (archived, color, created_at, deleted_at, id, lane_id, name, position, roots, updated_at, version)
values
  (
    $1,
    $2,
    $3,
    current_setting('app.now')::timestamptz(3),
    $4,
    $5,
    $6,
    $7,
    $8,
    current_setting('app.now')::timestamptz(3),
    $9
  );

-- deleteProject
select
  id, parent_id, project_id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and project_id = $2;

update tasklane.tasks as tasks
set
  project_id = $1,
  version = version + 1,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $2
  and id = any ($3);

delete from tasklane.projects as projects
where
  projects.lane_id = $1
  and id = $2;

-- src/features/projects/import.ts

-- importProjects: new projects
select
  id, name, color, archived, position, version, created_at
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and id = any ($2);

insert into
  tasklane.projects (archived, color, created_at, id, lane_id, name, position, updated_at)
values
  ($1, $2, $3, $4, $5, $6, $7, current_setting('app.now')::timestamptz(3))
on conflict (lane_id, id) do nothing
returning
  id;

insert into
  tasklane.deleted_projects (archived, color, created_at, deleted_at, id, lane_id, name, position, roots, updated_at, version)
values
  ($1, $2, $3, $4, $5, $6, $7, $8, $9, current_setting('app.now')::timestamptz(3), $10)
on conflict (lane_id, id) do nothing
returning
  *;

-- importProjects: a project that is in the trash
select
  id, name, color, archived, position, version, created_at
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and id = any ($2);

delete from tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and id = any ($2);

insert into
  tasklane.projects (archived, color, created_at, id, lane_id, name, position, updated_at, version)
values
  ($1, $2, $3, $4, $5, $6, $7, current_setting('app.now')::timestamptz(3), $8);

-- addRoots
update tasklane.deleted_projects as deleted_projects
set
  roots = roots || array(
    select
      value::uuid
    from
      jsonb_array_elements_text($1::jsonb -> id::text)
  )
where
  deleted_projects.lane_id = $2
  and id = any ($3);
