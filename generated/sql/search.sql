-- src/features/search/repository.ts

-- nearWords
with
  vocabulary as materialized (
    select
      stat.word
    from
      tasklane.profiles as profiles
      cross join lateral ts_stat(
        format(
          'select search from tasklane.tasks where lane_id = %L and deleted_at is null
    order by created_at desc limit 20000',
          lane_id
        )
      ) as stat
    where
      profiles.lane_id = $1
  )
select
  array(
    select
      to_jsonb(near)
    from
      (
        select
          vocabulary.word,
          public.similarity (left(vocabulary.word, char_length(wanted.word) + 1), wanted.word) as similarity
        from
          vocabulary
        where
          public.similarity (left(vocabulary.word, char_length(wanted.word) + 1), wanted.word) >= 0.25
        order by
          similarity desc, vocabulary.word
        limit
          50
      ) as near
  ) as near
from
  tasklane.profiles as profiles
  cross join unnest($2::text[]) with ordinality as wanted (word, place)
where
  profiles.lane_id = $3
order by
  wanted.place asc;

-- indexTasks
select
  id, title, description, links
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and search_version < 3
order by
  id asc
limit
  $2;

update tasklane.tasks as tasks
set
  search = ($1::jsonb ->> id::text)::tsvector,
  search_version = $2
where
  tasks.lane_id = $3
  and id = any ($4);

-- src/features/search/job.ts

-- createSearchJob
select
  lane_id
from
  tasklane.tasks as tasks
where
  search_version < 3
  and lane_id >= $1
order by
  lane_id asc
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
  id, title, description, links
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and search_version < 3
order by
  id asc
limit
  $2;

update tasklane.tasks as tasks
set
  search = ($1::jsonb ->> id::text)::tsvector,
  search_version = $2
where
  tasks.lane_id = $3
  and id = any ($4);
