-- src/features/clients/repository.ts

-- listClients: first page
select
  *
from
  tasklane.clients as clients
where
  clients.lane_id = $1
order by
  id asc
limit
  $2;

-- listClients: next page
select
  *
from
  tasklane.clients as clients
where
  clients.lane_id = $1
  and ((id) > ($2))
order by
  id asc
limit
  $3;

-- setCutOff
select
  *
from
  tasklane.clients as clients
where
  clients.lane_id = $1
  and id = $2
limit
  $3;

update tasklane.clients as clients
set
  cut_off_at = current_setting('app.now')::timestamptz(3)
where
  clients.lane_id = $1
  and id = $2
returning
  *;
