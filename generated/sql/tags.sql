-- src/features/tags/repository.ts

-- spellTags
select
  *
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and name_key in ($2);

-- replaceTaskTags: existing tags
select
  *
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and name_key in ($2);

delete from tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and task_id = $2;

insert into
  tasklane.task_tags (lane_id, tag_id, task_id)
values
  ($1, $2, $3);

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- replaceTaskTags: new tags
select
  *
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and name_key in ($2);

insert into
  tasklane.tags (color, created_at, id, lane_id, name, name_key, updated_at)
values
  (
    $1,
    current_setting('app.now')::timestamptz(3),
    $2,
    $3,
    $4,
    $5,
    current_setting('app.now')::timestamptz(3)
  )
on conflict do nothing
returning
  id;

delete from tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and task_id = $2;

insert into
  tasklane.task_tags (lane_id, tag_id, task_id)
values
  ($1, $2, $3);

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- insertTags
insert into
  tasklane.tags (color, created_at, id, lane_id, name, name_key, updated_at)
values
  (
    $1,
    current_setting('app.now')::timestamptz(3),
    $2,
    $3,
    $4,
    $5,
    current_setting('app.now')::timestamptz(3)
  )
on conflict do nothing
returning
  id;

-- spellAll: new tags
select
  *
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and name_key in ($2);

insert into
  tasklane.tags (color, created_at, id, lane_id, name, name_key, updated_at)
values
  (
    $1,
    current_setting('app.now')::timestamptz(3),
    $2,
    $3,
    $4,
    $5,
    current_setting('app.now')::timestamptz(3)
  )
on conflict do nothing
returning
  id;

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- tagTasks
select
  *
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and name_key in ($2);

insert into
  tasklane.task_tags (lane_id, tag_id, task_id)
values
  ($1, $2, $3);

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- listTags
select
  *
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and ((id) > ($2))
order by
  id asc
limit
  $3;

-- countTagged
select
  tag_id,
  count(*)
from
  tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and tag_id in ($2)
  and task_id in (
    select
      id
    from
      tasklane.tasks as tasks
    where
      tasks.lane_id = $3
      and deleted_at is null
      and (
        project_id is null
        or project_id not in (
          select
            id
          from
            tasklane.projects as projects
          where
            projects.lane_id = $4
            and archived
        )
      )
  )
group by
  tag_id;

select
  tag_id,
  count(*)
from
  tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and tag_id in ($2)
  and task_id in (
    select
      id
    from
      tasklane.tasks as tasks
    where
      tasks.lane_id = $3
      and deleted_at is null
      and (
        project_id is null
        or project_id not in (
          select
            id
          from
            tasklane.projects as projects
          where
            projects.lane_id = $4
            and archived
        )
      )
      and status_rank <= 2
  )
group by
  tag_id;

-- findTag
select
  *
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and id = $2
limit
  $3;

-- updateTag: other color
update tasklane.tags as tags
set
  name = $1,
  color = $2,
  name_key = $3,
  version = $4,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tags.lane_id = $5
  and id = $6
returning
  *;

-- updateTag: new name
select
  *
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and name_key in ($2)
  and not id = $3
limit
  $4;

select
  task_id
from
  tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and tag_id = $2;

select
  id, tags
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2);

update tasklane.tags as tags
set
  name = $1,
  color = $2,
  name_key = $3,
  version = $4,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tags.lane_id = $5
  and id = $6
returning
  *;

update tasklane.tasks as tasks
set
  tags = array(
    select
      tag.name
    from
      tasklane.task_tags as link
      join tasklane.tags as tag on tag.lane_id = link.lane_id
      and tag.id = link.tag_id
    where
      link.lane_id = tasks.lane_id
      and link.task_id = tasks.id
    order by
      tag.name_key
  ),
  version = version + 1,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $1
  and id = any ($2)
returning
  id, tags;

-- updateTag: name of another tag
select
  *
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and name_key in ($2)
  and not id = $3
limit
  $4;

select
  task_id
from
  tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and tag_id = $2;

select
  id, tags
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2);

update tasklane.task_tags as task_tags
set
  tag_id = $1
where
  task_tags.lane_id = $2
  and tag_id = $3
  and task_id not in (
    select
      task_id
    from
      tasklane.task_tags as task_tags
    where
      task_tags.lane_id = $4
      and tag_id = $5
  );

delete from tasklane.tags as tags
where
  tags.lane_id = $1
  and id = $2;

update tasklane.tasks as tasks
set
  tags = array(
    select
      tag.name
    from
      tasklane.task_tags as link
      join tasklane.tags as tag on tag.lane_id = link.lane_id
      and tag.id = link.tag_id
    where
      link.lane_id = tasks.lane_id
      and link.task_id = tasks.id
    order by
      tag.name_key
  ),
  version = version + 1,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $1
  and id = any ($2)
returning
  id, tags;

-- deleteTag
select
  task_id
from
  tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and tag_id = $2;

select
  id, tags
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2);

delete from tasklane.tags as tags
where
  tags.lane_id = $1
  and id = $2;

update tasklane.tasks as tasks
set
  tags = array(
    select
      tag.name
    from
      tasklane.task_tags as link
      join tasklane.tags as tag on tag.lane_id = link.lane_id
      and tag.id = link.tag_id
    where
      link.lane_id = tasks.lane_id
      and link.task_id = tasks.id
    order by
      tag.name_key
  ),
  version = version + 1,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $1
  and id = any ($2)
returning
  id, tags;
