import type { Knex } from 'knex';

const tables = ['webhooks', 'webhook_deliveries'];

/** Since when a webhook's receiver is known to want what is sent; null until it took a test. */
export async function up(knex: Knex): Promise<void> {
  for (const table of tables) await knex.raw('alter table tasklane.?? no force row level security', [table]);
  await knex.raw('alter table tasklane.webhooks add verified_at timestamptz(3)');
  await knex.raw('alter table tasklane.webhooks drop constraint webhooks_disabled_reason_check');
  await knex.raw(`
    alter table tasklane.webhooks add constraint webhooks_disabled_reason_check
      check (disabled_reason in ('user', 'gone', 'failing', 'unverified'))`);
  // A receiver that took something in the last 30 days wants what is sent. The others are asked.
  await knex.raw(`
    update tasklane.webhooks as webhook set verified_at = now()
    where exists (
      select from tasklane.webhook_deliveries as delivery
      where delivery.user_id = webhook.user_id and delivery.webhook_id = webhook.id and delivery.state = 'delivered'
    )`);
  await knex.raw(`
    with asked as (
      update tasklane.webhooks set due_at = now() where verified_at is null and disabled_at is null
      returning user_id, id
    )
    insert into tasklane.webhook_deliveries (user_id, id, webhook_id, event, happened_at, due_at)
    select user_id, gen_random_uuid(), id, 'webhook.test', now(), now() from asked`);
  for (const table of tables) await knex.raw('alter table tasklane.?? force row level security', [table]);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table tasklane.webhooks no force row level security');
  await knex.raw(`
    update tasklane.webhooks set disabled_reason = 'failing' where disabled_reason = 'unverified'`);
  await knex.raw('alter table tasklane.webhooks drop constraint webhooks_disabled_reason_check');
  await knex.raw(`
    alter table tasklane.webhooks add constraint webhooks_disabled_reason_check
      check (disabled_reason in ('user', 'gone', 'failing'))`);
  await knex.raw('alter table tasklane.webhooks drop verified_at');
  await knex.raw('alter table tasklane.webhooks force row level security');
}
