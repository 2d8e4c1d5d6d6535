/** Set-ups of roles as in docs/database.md, each with its own database. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { projectPath } from '../../src/platform/paths';
import { query } from './database';

const document = readFileSync(projectPath('docs', 'database.md'), 'utf8');

/** The statements of the SQL block below a heading of docs/database.md. */
export function documentedSql(heading: string): string[] {
  const section = document.split(/^#+ /m).find((each) => each.startsWith(`${heading}\n`));
  const block = /```sql\n(.*?)```/s.exec(section ?? '')?.[1];
  if (block === undefined) throw new Error(`docs/database.md has no SQL below "${heading}"`);
  return block.split(';').flatMap((statement) => statement.trim() || []);
}

/** A database with its own roles, whose names begin with the database's name. */
export interface RoleSetUp {
  readonly name: string;
  /** The URL for a role of the set-up, given without the prefix. */
  urlOf(role: string): string;
  /** The URL for the cluster's administrator, to whom row-level security does not apply. */
  readonly adminUrl: string;
  drop(): Promise<void>;
}

export function clusterUrl(): string {
  return process.env.TEST_CLUSTER_URL as string;
}

/** Runs statements as the cluster's administrator, with role names of this set-up. */
export async function setUpRoles(statements: readonly string[]): Promise<RoleSetUp> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  for (const statement of statements) {
    await query(clusterUrl(), statement.replace(/\btasklane/g, name));
  }
  const url = new URL(clusterUrl());
  url.pathname = name;
  return {
    name,
    adminUrl: url.href,
    urlOf: (role) => Object.assign(new URL(url), { username: `${name}_${role}`, password: 'change-me' }).href,
    async drop() {
      await query(clusterUrl(), `drop database if exists ${name} with (force)`);
      const roles = await query<{ role: string }>(
        clusterUrl(),
        'select quote_ident(rolname) as role from pg_roles where starts_with(rolname, $1)',
        [`${name}_`],
      );
      if (roles.length > 0) await query(clusterUrl(), `drop role ${roles.map(({ role }) => role)}`);
    },
  };
}

/** An app role that bypasses row-level security. It can log in, as a coordinator of Citus requires. */
export const bypassingRole = 'tasklane_unheld';

/** Creates `bypassingRole` if it is missing, and grants it the app role's privileges in a database. */
export async function grantBypassingRole(url: string): Promise<void> {
  // Roles belong to the cluster, so that another test file may create it at the same moment.
  await query(
    url,
    `do $$ begin create role ${bypassingRole} login bypassrls;
     exception when duplicate_object or unique_violation then null; end $$`,
  );
  await query(url, `grant usage on schema tasklane to ${bypassingRole}`);
  await query(
    url,
    `grant select, insert, update, delete on all tables in schema tasklane to ${bypassingRole}`,
  );
}
