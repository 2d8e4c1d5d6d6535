import type { Knex } from 'knex';
import { protectLaneTable, vacuumEarly } from '../src/platform/database/lane-table';

/**
 * Webhooks and their deliveries. `verified_at` is when the receiver first accepted a test; before, a webhook gets only
 * tests.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.webhooks (
      lane_id bigint not null references tasklane.profiles on delete cascade,
      id uuid not null,
      url text not null check (char_length(url) between 1 and 2048),
      description text check (char_length(description) <= 200),
      events text[] not null default '{}',
      disabled_reason text check (disabled_reason in ('user', 'gone', 'failing', 'unverified')),
      disabled_at timestamptz(3),
      secret text not null,
      previous_secret text,
      secret_rotated_at timestamptz(3),
      verified_at timestamptz(3),
      failures integer not null default 0 check (failures >= 0),
      failing_since timestamptz(3),
      paused_until timestamptz(3),
      due_at timestamptz(3),
      leased_until timestamptz,
      version integer not null default 1 check (version > 0),
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (lane_id, id),
      constraint webhooks_disabled check ((disabled_reason is null) = (disabled_at is null)),
      constraint webhooks_due_at check (due_at is null or disabled_at is null),
      constraint webhooks_rotated check (previous_secret is null or secret_rotated_at is not null)
    )`);
  await protectLaneTable(knex, 'webhooks');

  await knex.raw(`
    create table tasklane.webhook_deliveries (
      lane_id bigint not null,
      id uuid not null,
      webhook_id uuid not null,
      event text not null,
      seq bigint check (seq > 0),
      entity_id uuid,
      fields jsonb not null default '{}',
      happened_at timestamptz(3) not null,
      request uuid,
      client_id text,
      trace text,
      state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
      due_at timestamptz(3),
      tries integer not null default 0 check (tries >= 0),
      attempt_count integer not null default 0 check (attempt_count >= 0),
      attempts jsonb not null default '[]',
      created_at timestamptz(3) not null default now(),
      primary key (lane_id, id),
      unique (lane_id, webhook_id, seq),
      foreign key (lane_id, webhook_id) references tasklane.webhooks on delete cascade,
      constraint webhook_deliveries_due_at check ((state = 'pending') = (due_at is not null))
    ) with (${vacuumEarly})`);
  await knex.raw(`
    create index webhook_deliveries_log on tasklane.webhook_deliveries (lane_id, webhook_id, created_at, id)`);
  await knex.raw(`
    create index webhook_deliveries_due on tasklane.webhook_deliveries (lane_id, webhook_id, due_at)
      where due_at is not null`);
  await protectLaneTable(knex, 'webhook_deliveries');

  // For jobs, which read across lanes.
  await knex.raw('create index webhooks_due on tasklane.webhooks (due_at) where due_at is not null');
  await knex.raw('create index webhook_deliveries_old on tasklane.webhook_deliveries (created_at)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.webhook_deliveries');
  await knex.raw('drop table tasklane.webhooks');
}
