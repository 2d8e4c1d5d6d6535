/** Tests lanes of accounts of a real Better Auth server in the same database. */
import { type ApiResponse, send } from '../../support/api';
import { type BetterAuthOptions, type BetterAuthServer, startBetterAuth } from '../../support/better-auth';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { runScript } from '../../support/process';
import { startTestService, type TestService } from '../../support/service';

// Several processes start and hash passwords on a machine that may be busy.
jest.setTimeout(120_000);

let database: TestDatabase;
let server: BetterAuthServer | undefined;
let service: TestService | undefined;

beforeEach(async () => {
  server = undefined;
  service = undefined;
  database = await createTestDatabase({ empty: true });
});
afterEach(async () => {
  await service?.stop();
  await server?.stop();
  await database.drop();
});

/** Starts a Better Auth server, which migrates its tables. */
function startAuth(options: Partial<BetterAuthOptions>): Promise<BetterAuthServer> {
  // The tests' login has the name of Tasklane's schema, so that its tables would land there otherwise.
  const url = new URL(database.url);
  url.searchParams.set('options', '-csearch_path=public');
  return startBetterAuth({ databaseUrl: url.href, options });
}

/** Runs a command as npm does, and waits for its end. */
async function run(script: 'migrate' | 'doctor'): Promise<{ code: number | null; output: string }> {
  const { ended, output } = runScript(`src/commands/${script}.ts`, [], {
    NODE_ENV: 'production',
    DATABASE_URL: database.url,
  });
  const { code } = await ended;
  return { code, output: output.stdout + output.stderr };
}

async function serve(auth: BetterAuthServer): Promise<TestService> {
  service = await startTestService({
    DATABASE_URL: database.url,
    BETTER_AUTH_URL: auth.url,
    AUTH_SOURCES: 'key-set',
    RATE_LIMIT: 'off',
  });
  return service;
}

async function lanes(): Promise<string[]> {
  const rows = await query<{ user_id: string }>(
    database.url,
    `select user_of(lane_id) as user_id from (
       select lane_id from tasklane.profiles
       union select lane_id from tasklane.tasks union select lane_id from tasklane.changes) as lanes
     union select user_id from tasklane.lanes order by 1`,
  );
  return rows.map((row) => row.user_id);
}

const idTypes = { text: 'text', uuid: 'uuid', serial: 'integer' };

describe.each(['text', 'uuid', 'serial'] as const)('with ids of type %s', (ids) => {
  const linked = `Lanes are linked to public."user", whose ids are of type ${idTypes[ids]}.`;

  test.each(['before', 'after'] as const)(
    'a deleted account erases its lane if Better Auth migrates %s Tasklane',
    async (order) => {
      if (order === 'before') {
        server = await startAuth({ ids });
        expect(await run('migrate')).toMatchObject({ code: 0, output: expect.stringContaining(linked) });
      } else {
        expect(await run('migrate')).toMatchObject({
          code: 0,
          output: expect.stringContaining('Lanes are not linked to accounts: there is no table'),
        });
        server = await startAuth({ ids });
        const outdated = 'lanes are not linked to public."user" yet. To make it, run: tasklane migrate.';
        expect(await run('doctor')).toMatchObject({ code: 1, output: expect.stringContaining(outdated) });
        expect((await run('migrate')).output).toContain(linked);
      }
      const auth = server;
      const { url, logged } = await serve(auth);

      const [alice, bob] = [await auth.signUp(), await auth.signUp()];
      const tokens = { alice: await auth.takeToken(alice), bob: await auth.takeToken(bob) };
      const makeTask = (userId: string, token: string): Promise<ApiResponse> =>
        send(url, 'POST', `/api/${userId}/tasks`, { token, body: { title: 'A task' } });
      expect(await makeTask(alice.userId, tokens.alice)).toMatchObject({ status: 201 });
      expect(await makeTask(bob.userId, tokens.bob)).toMatchObject({ status: 201 });
      expect(await lanes()).toEqual([alice.userId, bob.userId].toSorted());

      await auth.deleteUser(alice);
      expect(await lanes()).toEqual([bob.userId]);
      const outlived = await makeTask(alice.userId, tokens.alice);
      expect(outlived).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
      expect(outlived.headers['www-authenticate']).toContain('error="invalid_token"');
      expect(logged.at(-1)).toMatchObject({ status: 401, authentication: 'account-unknown' });
      expect(await lanes()).toEqual([bob.userId]);
      expect(await makeTask(bob.userId, tokens.bob)).toMatchObject({ status: 201 });
    },
  );

  test('Better Auth can still migrate a linked database', async () => {
    server = await startAuth({ ids });
    await run('migrate');
    await server.signUp();
    await server.stop();
    server = await startAuth({ ids, admin: true });
    const columns = await query(
      database.url,
      `select from information_schema.columns where table_schema = 'public' and table_name = 'user' and column_name = 'banned'`,
    );
    expect(columns).toHaveLength(1);
    const { output } = await run('doctor');
    expect(output).toContain(`ok  ${linked}`);
    expect(output).toContain(
      'ok  The service logs in as tasklane and uses the roles tasklane_app and tasklane_system.',
    );
  });
});

describe('tasklane doctor', () => {
  test('lists everything that is missing, and fails', async () => {
    const { code, output } = await run('doctor');
    expect(code).toBe(1);
    expect(output).toMatch(/^!! {2}\d+ migrations are pending\.\n {4}Run tasklane migrate\.$/m);
    expect(output).toMatch(/^!! {2}Migrations are missing: \d{14}_lanes, /m);
    expect(output).toMatch(/^ok {2}Postgres \d+\.\d+\.$/m);
  });

  test('reports the same as JSON, with what to do', async () => {
    const doctor = runScript('src/commands/doctor.ts', ['--json'], { DATABASE_URL: database.url });
    expect(await doctor.ended).toMatchObject({ code: 1 });
    const { findings } = JSON.parse(doctor.output.stdout);
    expect(findings).toContainEqual({
      check: 'migrations',
      status: 'problem',
      message: expect.stringMatching(/^\d+ migrations are pending\.$/),
      action: 'Run tasklane migrate.',
    });
    for (const { status, action } of findings) {
      expect(action).toEqual(status === 'ok' ? null : expect.any(String));
    }
  });

  test('reports an instance that can open more connections than the database accepts', async () => {
    const configuration = { DATABASE_URL: database.url, DATABASE_POOL_MAX: '1000', WEB_CONCURRENCY: '2' };
    const doctor = runScript('src/commands/doctor.ts', [], configuration);
    await doctor.ended;
    expect(doctor.output.stdout).toMatch(
      /^!! {2}This instance opens at most 2000 connections \(WEB_CONCURRENCY 2 × DATABASE_POOL_MAX 1000\), but the database accepts \d+ from all its clients\.$/m,
    );
    expect((await run('doctor')).output).toMatch(/^ok {2}This instance opens at most 10 connections /m);
  });

  test('reports a search path that puts other tables into Tasklane’s schema, until it is fixed', async () => {
    await run('migrate');
    await query(database.url, `alter database ${database.name} set search_path to "$user", public`);
    const before = await run('doctor');
    expect(before.code).toBe(1);
    expect(before.output).toContain(
      '!!  Tables that tasklane creates without a schema are created in tasklane',
    );
    await query(database.url, `alter database ${database.name} set search_path to public`);
    const after = await run('doctor');
    expect(after.code).toBe(0);
    expect(after.output).not.toContain('!!');
  });

  test('reports lanes without an account', async () => {
    await run('migrate');
    await query(database.url, `alter database ${database.name} set search_path to public`);
    await query(database.url, `select make_lane('user-' || n) from generate_series(1, 7) as n`);
    server = await startAuth({ ids: 'text' });
    expect((await run('migrate')).output).toContain(
      'from before the link: 7 (user-1, user-2, user-3, user-4, user-5, …).',
    );
    const before = await run('doctor');
    expect(before.code).toBe(1);
    expect(before.output).toContain('is not validated, because lanes without an account existed');
    await query(database.url, 'delete from tasklane.lanes');
    await run('migrate');
    expect((await run('doctor')).code).toBe(0);
  });
});
