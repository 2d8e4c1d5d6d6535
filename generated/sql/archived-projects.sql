-- src/features/archived-projects/tasks.ts

-- archivedProjects
select
  id
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and archived;

-- outsideArchived
select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and (
    project_id is null
    or project_id not in (
      select
        id
      from
        tasklane.projects as projects
      where
        projects.lane_id = $2
        and archived
    )
  );
