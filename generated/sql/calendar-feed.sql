-- src/features/calendar-feed/repository.ts

-- findFeed
select
  *
from
  tasklane.calendar_feeds as calendar_feeds
where
  calendar_feeds.lane_id = $1
limit
  $2;

-- removeFeed
delete from tasklane.calendar_feeds as calendar_feeds
where
  calendar_feeds.lane_id = $1
returning
  id;

-- putFeed
delete from tasklane.calendar_feeds as calendar_feeds
where
  calendar_feeds.lane_id = $1
returning
  id;

insert into
  tasklane.calendar_feeds (created_at, id, lane_id, secret_hash)
values
  (current_setting('app.now')::timestamptz(3), $1, $2, $3)
returning
  *;
