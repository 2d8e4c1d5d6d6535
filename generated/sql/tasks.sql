-- src/features/tasks/repository.ts

-- listTasks: no filter
select
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
order by
  created_at asc,
  id asc
limit
  $2;

-- listTasks: next page
select
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and ((created_at, id) > ($2, $3))
order by
  created_at asc,
  id asc
limit
  $4;

-- listTasks: next page of two directions
select
  title collate tasklane.title_order as title_order, id, project_id, parent_id, title, description,
  status, priority, completed_at, tags, due_date, due_time, time_zone, due_at, start_date,
  start_time, start_at, rrule, repeat_from, recurrence_start, recurrence_start_time, recurrence_due,
  excluded_dates, reminders, position, version, created_at, updated_at, links, completion_count,
  priority_rank
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and (
    priority_rank <= $2
    and (
      priority_rank < $3
      or (
        title collate tasklane.title_order >= $4
        and (
          title collate tasklane.title_order > $5
          or (id > $6)
        )
      )
    )
  )
order by
  priority_rank desc,
  title_order asc,
  id asc
limit
  $7;

-- listTasks: outside archived projects
select
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
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
  )
order by
  created_at asc,
  id asc
limit
  $3;

-- listTasks: view today
with
  dated as (
    select
      coalesce(due_local, timestamp 'infinity') as due_local_asc,
      id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
      due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
      recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
      version, created_at, updated_at, links, completion_count, lane_id
    from
      tasklane.tasks as tasks
    where
      tasks.lane_id = $1
      and deleted_at is null
      and status_rank in ($2, $3)
      and (
        due_local >= $4::timestamp - interval '26 hours'
        and due_local < $5::timestamp + interval '26 hours'
        and case
          when due_at is null then due_date = $6::date
          else due_at >= $7
          and due_at < $8
        end
        or start_local < $9::timestamp + interval '26 hours'
        and case
          when start_at is null then start_date <= $10::date
          else start_at < $11
        end
        and (
          due_local is null
          or case
            when due_at is null then due_date > $12::date
            else due_at >= $13
          end
        )
      )
      and due_local is not null
    order by
      due_local asc,
      id asc
    limit
      $14
  ),
  undated as (
    select
      coalesce(due_local, timestamp 'infinity') as due_local_asc,
      id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
      due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
      recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
      version, created_at, updated_at, links, completion_count, lane_id
    from
      tasklane.tasks as tasks
    where
      tasks.lane_id = $15
      and deleted_at is null
      and status_rank in ($16, $17)
      and (
        due_local >= $18::timestamp - interval '26 hours'
        and due_local < $19::timestamp + interval '26 hours'
        and case
          when due_at is null then due_date = $20::date
          else due_at >= $21
          and due_at < $22
        end
        or start_local < $23::timestamp + interval '26 hours'
        and case
          when start_at is null then start_date <= $24::date
          else start_at < $25
        end
        and (
          due_local is null
          or case
            when due_at is null then due_date > $26::date
            else due_at >= $27
          end
        )
      )
      and due_local is null
      and (
        select
          count(*)
        from
          dated
      ) < $28
    order by
      id asc
    limit
      $29
  )
select
  *
from
  (
    select
      *
    from
      dated
    union all
    select
      *
    from
      undated
  ) as tasks
where
  tasks.lane_id = $30
order by
  due_local_asc asc,
  id asc
limit
  $31;

-- listTasks: view overdue
select
  coalesce(due_local, timestamp 'infinity') as due_local_asc,
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and status_rank in ($2, $3)
  and due_local < $4::timestamp + $5::interval + interval '26 hours'
  and case
    when due_at is null then due_date < $6::date
    or (
      due_date = $7::date
      and due_time is not null
      and due_time < $8
    )
    else due_at <= $9
  end
  and due_local is not null
order by
  due_local asc,
  id asc
limit
  $10;

-- listTasks: view upcoming
with
  dated as (
    select
      coalesce(due_local, timestamp 'infinity') as due_local_asc,
      id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
      due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
      recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
      version, created_at, updated_at, links, completion_count, lane_id
    from
      tasklane.tasks as tasks
    where
      tasks.lane_id = $1
      and deleted_at is null
      and status_rank in ($2, $3)
      and (
        due_local >= $4::timestamp - interval '26 hours'
        and case
          when due_at is null then due_date > $5::date
          else due_at >= $6
        end
        or start_local >= $7::timestamp - interval '26 hours'
        and case
          when start_at is null then start_date > $8::date
          else start_at >= $9
        end
      )
      and due_local is not null
    order by
      due_local asc,
      id asc
    limit
      $10
  ),
  undated as (
    select
      coalesce(due_local, timestamp 'infinity') as due_local_asc,
      id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
      due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
      recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
      version, created_at, updated_at, links, completion_count, lane_id
    from
      tasklane.tasks as tasks
    where
      tasks.lane_id = $11
      and deleted_at is null
      and status_rank in ($12, $13)
      and (
        due_local >= $14::timestamp - interval '26 hours'
        and case
          when due_at is null then due_date > $15::date
          else due_at >= $16
        end
        or start_local >= $17::timestamp - interval '26 hours'
        and case
          when start_at is null then start_date > $18::date
          else start_at >= $19
        end
      )
      and due_local is null
      and (
        select
          count(*)
        from
          dated
      ) < $20
    order by
      id asc
    limit
      $21
  )
select
  *
from
  (
    select
      *
    from
      dated
    union all
    select
      *
    from
      undated
  ) as tasks
where
  tasks.lane_id = $22
order by
  due_local_asc asc,
  id asc
limit
  $23;

-- listTasks: view no_date
select
  coalesce(due_local, timestamp 'infinity') as due_local_asc,
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and status_rank in ($2, $3)
  and due_local is null
  and start_local is null
  and due_local is null
order by
  id asc
limit
  $4;

-- listTasks: all filters
select
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and status_rank in ($2)
  and priority_rank in ($3)
  and id = any ($4::uuid[])
  and project_id in ($5)
  and parent_id = $6
  and id in (
    select
      task_id
    from
      tasklane.task_tags as task_tags
    where
      task_tags.lane_id = $7
      and tag_id in (
        select
          id
        from
          tasklane.tags as tags
        where
          tags.lane_id = $8
          and name_key in ($9)
      )
  )
  and id in (
    select
      task_id
    from
      tasklane.task_tags as task_tags
    where
      task_tags.lane_id = $10
      and tag_id in (
        select
          id
        from
          tasklane.tags as tags
        where
          tags.lane_id = $11
          and name_key in ($12)
      )
  )
  and id not in (
    select
      task_id
    from
      tasklane.task_tags as task_tags
    where
      task_tags.lane_id = $13
      and tag_id in (
        select
          id
        from
          tasklane.tags as tags
        where
          tags.lane_id = $14
          and name_key in ($15)
      )
  )
  and due_local >= $16::timestamp
  and due_local < $17::timestamp + interval '1 day'
  and start_local >= $18::timestamp
  and start_local < $19::timestamp + interval '1 day'
  and not (
    start_local is not null
    and case
      when start_at is null then start_local > $20::timestamp + $21::interval
      else start_at > $22
    end
  )
  and id in (
    select
      parent_id
    from
      tasklane.tasks as tasks
    where
      tasks.lane_id = $23
      and deleted_at is null
      and parent_id is not null
  )
  and coalesce(description, '') <> ''
  and not (project_id is not null)
  and completed_at > $24
  and completed_at < $25
  and created_at > $26
  and created_at < $27
  and updated_at > $28
  and updated_at < $29
order by
  created_at asc,
  id asc
limit
  $30;

-- listTasks: by relevance
select
  ts_rank_cd('{0.1, 0.2, 0.4, 1}'::float4[], search, $1::tsquery) as relevance,
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $2
  and deleted_at is null
  and search @@ $3::tsquery
order by
  relevance desc,
  id desc
limit
  $4;

-- listTasks: typo-tolerant
select
  (
    select
      max(similarity)
    from
      unnest($1::text[], $2::float4[]) as near (word, similarity)
    where
      word = any (tsvector_to_array(search))
  ) as relevance,
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $3
  and deleted_at is null
  and search @@ $4::tsquery
order by
  relevance desc,
  id desc
limit
  $5;

-- countTasks
select
  count(*) as total
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null;

-- countSubtasks
select
  parent_id,
  count(*) as total,
  count(*) filter (
    where
      status_rank <= 2
  ) as open
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and parent_id in ($2)
group by
  parent_id;

-- findTask
select
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count, status_rank, priority_rank, deleted_at,
  deleted_with, overdue_at, overdue_told, due_local, start_local, search_version
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and id = $2;

-- findTasks
select
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count, status_rank, priority_rank, deleted_at,
  deleted_with, overdue_at, overdue_told, due_local, start_local, search_version
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and id = any ($2);

-- taskWithId
select
  version, deleted_at
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = $2
limit
  $3;

-- src/features/tasks/write.ts

-- insertTask
insert into
  tasklane.tasks as tasks (
    priority, position, project_id, parent_id, description, status, tags, due_date, due_time,
    time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from, recurrence_start,
    recurrence_start_time, recurrence_due, excluded_dates, completion_count, reminders, links, id,
    title, search, search_version, completed_at, created_at, updated_at, lane_id
  )
select
  profiles.default_priority,
  'm' || lpad(
    to_hex(
      (
        extract(
          epoch
          from
            statement_timestamp()
        ) * 1000000
      )::bigint
    ),
    13,
    '0'
  ),
  $1,
  $2,
  $3,
  $4,
  $5,
  $6,
  $7,
  $8,
  $9,
  $10,
  $11,
  $12,
  $13,
  $14,
  $15,
  $16,
  $17,
  $18,
  $19,
  $20,
  $21,
  $22,
  $23,
  $24,
  $25,
  $26,
  current_setting('app.now')::timestamptz(3),
  current_setting('app.now')::timestamptz(3),
  profiles.lane_id
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $27
returning
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count, status_rank, priority_rank, deleted_at,
  deleted_with, overdue_at, overdue_told, due_local, start_local, search_version;

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

select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

select
  task_id, identity
from
  tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and task_id = any ($2)
  and fired_at is not null;

delete from tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and task_id = any ($2)
  and (
    fired_at is null
    or fired_at < current_setting('app.now')::timestamptz(3) - make_interval(days => $3)
    or (task_id, identity) in (
      select
        *
      from
        unnest($4::uuid[], $5::text[])
    )
  );

insert into
  tasklane.reminders (fire_at, fired_at, identity, lane_id, task_id)
values
  ($1, $2, $3, $4, $5);

-- insertTasks
select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

insert into
  tasklane.tasks (
    completed_at, completion_count, created_at, deleted_at, deleted_with, description, due_at,
    due_date, due_time, excluded_dates, id, lane_id, links, overdue_at, overdue_told, parent_id,
    position, priority, project_id, recurrence_due, recurrence_start, recurrence_start_time,
    reminders, repeat_from, rrule, search, search_version, start_at, start_date, start_time, status,
    tags, time_zone, title, updated_at
  )
values
  (
    $1,
    $2,
    $3,
    $4,
    $5,
    $6,
    $7,
    $8,
    $9,
    $10,
    $11,
    $12,
    $13,
    $14,
    $15,
    $16,
    $17,
    $18,
    $19,
    $20,
    $21,
    $22,
    $23,
    $24,
    $25,
    $26,
    $27,
    $28,
    $29,
    $30,
    $31,
    $32,
    $33,
    $34,
    current_setting('app.now')::timestamptz(3)
  )
on conflict (lane_id, id) do nothing
returning
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count, status_rank, priority_rank, deleted_at,
  deleted_with, overdue_at, overdue_told, due_local, start_local, search_version;

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

insert into
  tasklane.reminders (fire_at, fired_at, identity, lane_id, task_id)
values
  ($1, $2, $3, $4, $5);

-- restoreImported
select
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count, status_rank, priority_rank, deleted_at,
  deleted_with, overdue_at, overdue_told, due_local, start_local, search_version
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2)
  and deleted_at is not null;

select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

insert into
  tasklane.tasks (
    completed_at, completion_count, created_at, deleted_at, deleted_with, description, due_at,
    due_date, due_time, excluded_dates, id, lane_id, links, overdue_at, overdue_told, parent_id,
    position, priority, project_id, recurrence_due, recurrence_start, recurrence_start_time,
    reminders, repeat_from, rrule, search, search_version, start_at, start_date, start_time, status,
    tags, time_zone, title, updated_at, version
  )
values
  (
    $1,
    $2,
    $3,
    $4,
    $5,
    $6,
    $7,
    $8,
    $9,
    $10,
    $11,
    $12,
    $13,
    $14,
    $15,
    $16,
    $17,
    $18,
    $19,
    $20,
    $21,
    $22,
    $23,
    $24,
    $25,
    $26,
    $27,
    $28,
    $29,
    $30,
    $31,
    $32,
    $33,
    $34,
    current_setting('app.now')::timestamptz(3),
    $35
  )
on conflict (lane_id, id) do update
set
  project_id = excluded.project_id,
  parent_id = excluded.parent_id,
  description = excluded.description,
  status = excluded.status,
  tags = excluded.tags,
  due_date = excluded.due_date,
  due_time = excluded.due_time,
  time_zone = excluded.time_zone,
  due_at = excluded.due_at,
  start_date = excluded.start_date,
  start_time = excluded.start_time,
  start_at = excluded.start_at,
  rrule = excluded.rrule,
  repeat_from = excluded.repeat_from,
  recurrence_start = excluded.recurrence_start,
  recurrence_start_time = excluded.recurrence_start_time,
  recurrence_due = excluded.recurrence_due,
  excluded_dates = excluded.excluded_dates,
  completion_count = excluded.completion_count,
  reminders = excluded.reminders,
  links = excluded.links,
  title = excluded.title,
  position = excluded.position,
  completed_at = excluded.completed_at,
  created_at = excluded.created_at,
  deleted_at = excluded.deleted_at,
  deleted_with = excluded.deleted_with,
  search = excluded.search,
  search_version = excluded.search_version,
  overdue_at = excluded.overdue_at,
  overdue_told = excluded.overdue_told,
  priority = excluded.priority,
  updated_at = excluded.updated_at,
  version = excluded.version
returning
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count, status_rank, priority_rank, deleted_at,
  deleted_with, overdue_at, overdue_told, due_local, start_local, search_version;

delete from tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and task_id = any ($2);

delete from tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and task_id = any ($2);

select
  remaining.id, remaining.root
from
  tasklane.tasks as tasks
  join (
    with recursive
      remaining as (
        select
          id,
          id as root,
          deleted_with as deletion
        from
          tasklane.tasks
        where
          lane_id = $1
          and parent_id = any ($2)
          and deleted_with <> id
        union all
        select
          task.id, remaining.root, remaining.deletion
        from
          tasklane.tasks as task
          join remaining on task.parent_id = remaining.id
        where
          task.lane_id = $3
          and task.deleted_with = remaining.deletion
      )
    select
      id, root
    from
      remaining
  ) as remaining on remaining.id = tasks.id
where
  tasks.lane_id = $4;

update tasklane.tasks as tasks
set
  deleted_with = ($1::jsonb ->> id::text)::uuid
where
  tasks.lane_id = $2
  and id = any ($3);

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

insert into
  tasklane.reminders (fire_at, fired_at, identity, lane_id, task_id)
values
  ($1, $2, $3, $4, $5);

-- updateTask: title
update tasklane.tasks as tasks
set
  title = $1,
  search = $2,
  search_version = $3,
  version = $4,
  completed_at = $5,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $6
  and deleted_at is null
  and id = $7
returning
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count, status_rank, priority_rank, deleted_at,
  deleted_with, overdue_at, overdue_told, due_local, start_local, search_version;

-- updateTask: tags
update tasklane.tasks as tasks
set
  tags = $1,
  version = $2,
  completed_at = $3,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $4
  and deleted_at is null
  and id = $5
returning
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count, status_rank, priority_rank, deleted_at,
  deleted_with, overdue_at, overdue_told, due_local, start_local, search_version;

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

-- updateTasks
update tasklane.tasks as tasks
set
  project_id = $1,
  version = version + 1,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $2
  and id = any ($3);

-- updateSubtasks
select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

update tasklane.tasks as tasks
set
  status = $1::jsonb -> id::text ->> 0,
  completed_at = to_timestamp(($2::jsonb -> id::text ->> 1)::float8),
  due_date = date '1970-01-01' + ($3::jsonb -> id::text ->> 2)::integer,
  due_time = $4::jsonb -> id::text ->> 3,
  due_at = to_timestamp(($5::jsonb -> id::text ->> 4)::float8),
  start_date = date '1970-01-01' + ($6::jsonb -> id::text ->> 5)::integer,
  start_time = $7::jsonb -> id::text ->> 6,
  start_at = to_timestamp(($8::jsonb -> id::text ->> 7)::float8),
  reminders = ($9::jsonb -> id::text ->> 8)::jsonb,
  overdue_at = to_timestamp(($10::jsonb ->> id::text)::float8),
  version = version + 1,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $11
  and deleted_at is null
  and id = any ($12);

-- src/features/tasks/delete.ts

-- deleteTasks
select
  tree.id, tree.root, tree.level
from
  tasklane.tasks as tasks
  join (
    with recursive
      tree as (
        select
          id,
          id as root,
          1 as level
        from
          tasklane.tasks
        where
          lane_id = $1
          and id = any ($2)
          and deleted_at is null
        union all
        select
          task.id, tree.root,
          tree.level + 1
        from
          tasklane.tasks as task
          join tree on task.parent_id = tree.id
        where
          task.lane_id = $3
          and task.deleted_at is null
      )
    select
      id, root, level
    from
      tree
  ) as tree on tree.id = tasks.id
where
  tasks.lane_id = $4;

update tasklane.tasks as tasks
set
  deleted_at = current_setting('app.now')::timestamptz(3),
  deleted_with = ($1::jsonb ->> id::text)::uuid,
  version = version + 1,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $2
  and id = any ($3);

-- deleteTask
select
  tree.id, tree.root, tree.level
from
  tasklane.tasks as tasks
  join (
    with recursive
      tree as (
        select
          id,
          id as root,
          1 as level
        from
          tasklane.tasks
        where
          lane_id = $1
          and id = any ($2)
          and deleted_at is null
        union all
        select
          task.id, tree.root,
          tree.level + 1
        from
          tasklane.tasks as task
          join tree on task.parent_id = tree.id
        where
          task.lane_id = $3
          and task.deleted_at is null
      )
    select
      id, root, level
    from
      tree
  ) as tree on tree.id = tasks.id
where
  tasks.lane_id = $4;

update tasklane.tasks as tasks
set
  deleted_at = current_setting('app.now')::timestamptz(3),
  deleted_with = ($1::jsonb ->> id::text)::uuid,
  version = version + 1,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $2
  and id = any ($3);

-- src/features/tasks/position.ts

-- moveNextTo
select
  id, position
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and (position, id) < ($2, $3)
order by
  position desc,
  id desc
limit
  $4;

-- positionAtEnd
select
  position
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
order by
  position desc
limit
  $2;

-- writePositions
select
  id, position
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2);

update tasklane.tasks as tasks
set
  position = $1::jsonb ->> id::text,
  version = version + 1,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $2
  and id = any ($3);

-- src/features/tasks/overdue.ts

-- moveInstants
select
  id, reminders, due_date, due_time, time_zone, due_at
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and due_date is not null
  and time_zone is null
  and reminders <> '[]';

select
  task_id, identity
from
  tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and task_id = any ($2)
  and fired_at is not null;

delete from tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and task_id = any ($2)
  and (
    fired_at is null
    or fired_at < current_setting('app.now')::timestamptz(3) - make_interval(days => $3)
    or (task_id, identity) in (
      select
        *
      from
        unnest($4::uuid[], $5::text[])
    )
  );

insert into
  tasklane.reminders (fire_at, fired_at, identity, lane_id, task_id)
values
  ($1, $2, $3, $4, $5);

update tasklane.tasks as tasks
set
  overdue_at = (
    case
      when due_time is null then (due_date + 1)::timestamp
      else due_local
    end
  ) at time zone $1,
  overdue_told = case
    when overdue_told is not distinct from overdue_at then (
      case
        when due_time is null then (due_date + 1)::timestamp
        else due_local
      end
    ) at time zone $2
    else overdue_told
  end
where
  tasks.lane_id = $3
  and due_date is not null
  and due_at is null;

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- recordOverdue
select
  id, overdue_at
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and overdue_at <= current_setting('app.now')::timestamptz(3)
  and overdue_told is distinct from overdue_at
order by
  overdue_at asc,
  id asc
limit
  $2;

select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and id in ($2)
  and status_rank <= 2
  and (
    project_id is null
    or project_id not in (
      select
        id
      from
        tasklane.projects as projects
      where
        projects.lane_id = $3
        and archived
    )
  );

update tasklane.tasks as tasks
set
  overdue_told = overdue_at
where
  tasks.lane_id = $1
  and id = any ($2);

-- src/features/tasks/reminders.ts

-- remindersFor
select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

-- armReminders
select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

select
  task_id, identity
from
  tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and task_id = any ($2)
  and fired_at is not null;

delete from tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and task_id = any ($2)
  and (
    fired_at is null
    or fired_at < current_setting('app.now')::timestamptz(3) - make_interval(days => $3)
    or (task_id, identity) in (
      select
        *
      from
        unnest($4::uuid[], $5::text[])
    )
  );

insert into
  tasklane.reminders (fire_at, fired_at, identity, lane_id, task_id)
values
  ($1, $2, $3, $4, $5);

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- armImported
select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

insert into
  tasklane.reminders (fire_at, fired_at, identity, lane_id, task_id)
values
  ($1, $2, $3, $4, $5);

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- armMoved
select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

select
  task_id, identity
from
  tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and task_id = any ($2)
  and fired_at is not null;

delete from tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and task_id = any ($2)
  and (
    fired_at is null
    or fired_at < current_setting('app.now')::timestamptz(3) - make_interval(days => $3)
    or (task_id, identity) in (
      select
        *
      from
        unnest($4::uuid[], $5::text[])
    )
  );

insert into
  tasklane.reminders (fire_at, fired_at, identity, lane_id, task_id)
values
  ($1, $2, $3, $4, $5);

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- moveReminders
select
  id, reminders, due_date, due_time, time_zone, due_at
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and due_date is not null
  and time_zone is null
  and reminders <> '[]';

select
  task_id, identity
from
  tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and task_id = any ($2)
  and fired_at is not null;

delete from tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and task_id = any ($2)
  and (
    fired_at is null
    or fired_at < current_setting('app.now')::timestamptz(3) - make_interval(days => $3)
    or (task_id, identity) in (
      select
        *
      from
        unnest($4::uuid[], $5::text[])
    )
  );

insert into
  tasklane.reminders (fire_at, fired_at, identity, lane_id, task_id)
values
  ($1, $2, $3, $4, $5);

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- fireReminders
select
  task_id, identity, fire_at
from
  tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and fire_at <= current_setting('app.now')::timestamptz(3)
  and fired_at is null
order by
  fire_at asc,
  task_id asc
limit
  $2;

select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and id in ($2)
  and status_rank <= 2
  and (
    project_id is null
    or project_id not in (
      select
        id
      from
        tasklane.projects as projects
      where
        projects.lane_id = $3
        and archived
    )
  );

update tasklane.reminders as reminders
set
  fired_at = current_setting('app.now')::timestamptz(3)
where
  reminders.lane_id = $1
  and (task_id, identity) in (
    select
      *
    from
      unnest($2::uuid[], $3::text[])
  );

-- openAmong
select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and id in ($2)
  and status_rank <= 2
  and (
    project_id is null
    or project_id not in (
      select
        id
      from
        tasklane.projects as projects
      where
        projects.lane_id = $3
        and archived
    )
  );

-- src/features/tasks/tree.ts

-- lineOf
select
  *
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and id = $2
limit
  $3;

-- levelsBelow
select
  id, parent_id, project_id, status, completed_at, due_date, due_time, time_zone, due_at,
  start_date, start_time, start_at, rrule, reminders
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and parent_id = any ($2)
order by
  position asc,
  id asc;

-- findParentAndProject
select
  id
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and id = $2
limit
  $3;

-- src/features/tasks/job.ts

-- reminderJob
select
  lane_id
from
  tasklane.reminders as reminders
where
  fire_at <= now()
  and fired_at is null
order by
  fire_at asc
limit
  $1;

select
  id,
  user_id as "userId"
from
  tasklane.lanes
where
  id = any ($1::bigint[]);

select
  task_id, identity, fire_at
from
  tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and fire_at <= current_setting('app.now')::timestamptz(3)
  and fired_at is null
order by
  fire_at asc,
  task_id asc
limit
  $2;

select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and id in ($2)
  and status_rank <= 2
  and (
    project_id is null
    or project_id not in (
      select
        id
      from
        tasklane.projects as projects
      where
        projects.lane_id = $3
        and archived
    )
  );

update tasklane.reminders as reminders
set
  fired_at = current_setting('app.now')::timestamptz(3)
where
  reminders.lane_id = $1
  and (task_id, identity) in (
    select
      *
    from
      unnest($2::uuid[], $3::text[])
  );

-- overdueJob
select
  lane_id
from
  tasklane.tasks as tasks
where
  overdue_at <= now()
  and overdue_told is distinct from overdue_at
order by
  overdue_at asc
limit
  $1;

select
  id,
  user_id as "userId"
from
  tasklane.lanes
where
  id = any ($1::bigint[]);

select
  id, overdue_at
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and overdue_at <= current_setting('app.now')::timestamptz(3)
  and overdue_told is distinct from overdue_at
order by
  overdue_at asc,
  id asc
limit
  $2;

select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and id in ($2)
  and status_rank <= 2
  and (
    project_id is null
    or project_id not in (
      select
        id
      from
        tasklane.projects as projects
      where
        projects.lane_id = $3
        and archived
    )
  );

update tasklane.tasks as tasks
set
  overdue_told = overdue_at
where
  tasks.lane_id = $1
  and id = any ($2);
