-- src/features/completions/repository.ts

-- listCompletions: first page
select
  *
from
  tasklane.completions as completions
where
  completions.lane_id = $1
order by
  id asc
limit
  $2;

-- listCompletions: all filters
select
  *
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = $2
  and completed_at > $3
  and completed_at < $4
  and ((id) > ($5))
order by
  id asc
limit
  $6;

-- insertCompletion
insert into
  tasklane.completions (
    completed_at, due_date, due_time, id, lane_id, moved, next_due_date, next_due_time, reopened,
    rrule, start_date, start_time, status, task_id, time_zone, title
  )
values
  (
    current_setting('app.now')::timestamptz(3),
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
    $15
  );

-- insertCompletions
insert into
  tasklane.completions (
    completed_at, due_date, due_time, id, lane_id, moved, next_due_date, next_due_time, reopened,
    rrule, start_date, start_time, status, task_id, time_zone, title
  )
values
  ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
on conflict (lane_id, id) do nothing
returning
  id;

-- findCompletion
select
  *
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = $2
  and due_date = $3
limit
  $4;

-- lastCompletion
select
  *
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = $2
order by
  completed_at desc,
  id desc
limit
  $3;

-- removeCompletion
delete from tasklane.completions as completions
where
  completions.lane_id = $1
  and id = $2;

-- purgeCompletions
select
  id
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = any ($2);
