/**
 * SQL functions of the tests' databases: tests know the user of a lane, and tables have its id. Tests that write changes
 * without the service call `note_oldest_changes`. Citus refuses `column + interval` in updates; `shifted` adds like `+`.
 */
export const laneFunctions = `
  create function lane_of(owner text) returns bigint stable language plpgsql as $$
  begin
    return (select id from tasklane.lanes where user_id = owner);
  end $$;
  create function user_of(lane bigint) returns text stable language plpgsql as $$
  begin
    return (select user_id from tasklane.lanes where id = lane);
  end $$;
  create function make_lane(owner text) returns bigint language plpgsql as $$
  begin
    insert into tasklane.lanes (user_id) values (owner) on conflict do nothing;
    insert into tasklane.profiles (lane_id) values (lane_of(owner)) on conflict do nothing;
    return lane_of(owner);
  end $$;
  create function purge_changes(owner text, last bigint) returns void language plpgsql as $$
  begin
    delete from tasklane.changes where lane_id = lane_of(owner) and seq <= last;
    update tasklane.profiles set purged_seq = last, oldest_change_at = (
      select at from tasklane.changes where lane_id = lane_of(owner) order by seq limit 1
    ) where lane_id = lane_of(owner);
  end $$;
  create function note_oldest_changes() returns void language plpgsql as $$
  begin
    update tasklane.profiles as lane set oldest_change_at = first.at
    from (
      select distinct on (profile.lane_id) profile.lane_id, change.at
      from tasklane.profiles as profile left join tasklane.changes as change on change.lane_id = profile.lane_id
      order by profile.lane_id, change.seq
    ) as first where first.lane_id = lane.lane_id;
  end $$;
  create function shifted(moment timestamptz, span interval) returns timestamptz immutable language sql
    return (moment at time zone 'utc' + span) at time zone 'utc'`;
