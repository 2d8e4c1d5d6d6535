/**
 * Creates are retried with a key until they get a response, over connections that break anywhere. A longer run:
 * `RETRIED_CREATES=1000 npx jest test/safe-writes/retries.test.ts`.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { query } from '../support/database';
import { type NetworkProxy, openProxy } from '../support/proxy';
import { randomFrom } from '../support/random';
import { startTestService, type TestService } from '../support/service';
import { makeUser, type TestUser } from '../support/user';

const creates = Number(process.env.RETRIED_CREATES ?? 100);
const writers = 10;
jest.setTimeout(60_000 + creates * 300);

interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  readonly body: { id: string; title: string };
}

let services: TestService[];
let proxies: NetworkProxy[];
let ada: TestUser;
const cuts = { client: 0, server: 0 };

beforeAll(async () => {
  const first = await startTestService({ RATE_LIMIT: 'off' });
  services = [first, await startTestService({ RATE_LIMIT: 'off', DATABASE_URL: first.database.url })];
  ada = await makeUser(first.url);
  const random = randomFrom(20_261_121);
  proxies = await Promise.all(
    services.map(({ url }) =>
      openProxy(url, (chunk, from) => {
        // A cut in the client's data loses the request; in the server's data, the response to a completed request.
        if (random() > 0.3) return chunk.length;
        cuts[from] += 1;
        return Math.floor(random() * chunk.length);
      }),
    ),
  );
});
afterAll(async () => {
  for (const proxy of proxies) await proxy.close();
  for (const service of services.toReversed()) await service.stop();
});

const agent = new Agent({ keepAlive: false });

/** Sends one request; rejects if the response is incomplete. */
function attempt(base: string, key: string, title: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      Authorization: `Bearer ${ada.token}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': key,
    };
    const sent = request(`${base}${ada.lane}/tasks`, { method: 'POST', agent, headers }, (response) => {
      const replayed = response.headers['idempotency-replayed'] === 'true';
      text(response)
        .then((body) => ({ status: response.statusCode as number, replayed, body: JSON.parse(body) }))
        .then(resolve, reject);
    });
    sent.on('error', reject);
    sent.end(JSON.stringify({ title }));
  });
}

test(`${creates} requests create ${creates} tasks over connections that break`, async () => {
  const titles = Array.from({ length: creates }, (_, n) => `Task ${n}`);
  const answers = new Map<string, Answer>();
  let attempts = 0;

  async function create(title: string): Promise<Answer> {
    const key = randomUUID();
    for (;;) {
      const { url } = proxies[attempts % proxies.length] as NetworkProxy;
      attempts += 1;
      const answer = await attempt(url, key, title).catch(() => null);
      if (answer?.status === 201) return answer;
      // The lost request may still be carried out, or may have arrived in part.
      if (answer && answer.status !== 409 && answer.status !== 400) throw new Error(JSON.stringify(answer));
    }
  }
  const waiting = [...titles];
  const writer = async () => {
    for (let title = waiting.pop(); title !== undefined; title = waiting.pop()) {
      answers.set(title, await create(title));
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));

  const rows = await query<{ id: string; title: string }>(
    services[0]?.database.url as string,
    'select id, title from tasklane.tasks where lane_id = lane_of($1)',
    [ada.id],
  );
  expect(rows.map(({ title }) => title).toSorted()).toEqual(titles.toSorted());
  for (const { id, title } of rows) expect(answers.get(title)?.body).toMatchObject({ id, title });
  // Otherwise the test proves nothing.
  const replayed = [...answers.values()].filter((answer) => answer.replayed).length;
  expect([cuts.client > 0, cuts.server > 0, replayed > 0]).toEqual([true, true, true]);
  if (process.env.RETRIED_CREATES !== undefined) {
    const lost = `${cuts.client} requests and ${cuts.server} answers cut`;
    process.stdout.write(`${attempts} attempts, ${lost}, ${replayed} replies repeated\n`);
  }
});
