/** Purges of more rows than a round finds, in several lanes, twice. */
import { query } from '../../support/database';
import { useTestService } from '../../support/service';

const service = useTestService();
const users = ['ada', 'bob', 'eve'];
const rowsInLane = 900;

const sql = <R extends object>(text: string) => query<R>(service.database.url, text);

const rows = `generate_series(1, ${rowsInLane}) as n, tasklane.profiles`;
// Several rows have the same time.
const old = `now() - interval '100 days' - n / 7 * interval '1 minute'`;

const kinds: readonly [job: string, left: string, insert: string][] = [
  [
    'purge-idempotency-records',
    'select from tasklane.idempotency_keys',
    `insert into tasklane.idempotency_keys (lane_id, operation, key_hash, fingerprint, status, headers, created_at)
     select lane_id, 'createTask', sha256(convert_to(n::text, 'UTF8')), sha256(''), 201,
       case when n % 2 = 0 then '{}'::jsonb end, ${old} from ${rows}`,
  ],
  [
    'webhooks-purge',
    'select from tasklane.webhook_deliveries',
    `insert into tasklane.webhook_deliveries (lane_id, id, webhook_id, event, happened_at, state, created_at)
     select webhooks.lane_id, gen_random_uuid(), webhooks.id, 'task.created', now(), 'delivered', ${old}
     from ${rows} join tasklane.webhooks using (lane_id)`,
  ],
];

beforeAll(async () => {
  for (const user of users) await sql(`select make_lane('${user}')`);
  await sql(
    `insert into tasklane.webhooks (lane_id, id, url, secret)
     select lane_id, gen_random_uuid(), 'https://hooks.example', 'secret' from tasklane.profiles`,
  );
});

test.each(kinds)(
  '%s deletes all old rows, also those that come after its first run',
  async (job, left, insert) => {
    for (const run of [1, 2]) {
      await sql(insert);
      expect({ run, rows: (await sql(left)).length }).toEqual({ run, rows: users.length * rowsInLane });
      await service.runJob(job);
      expect({ run, rows: (await sql(left)).length }).toEqual({ run, rows: 0 });
    }
  },
);
