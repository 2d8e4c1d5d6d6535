/** Users with every type of entity in their lanes, for tests of every operation. */
import type { Operation } from '../../src/platform/contract/document/contract';
import { type ApiResponse, type RequestOptions, send } from './api';
import { seedClient } from './clients';
import { query } from './database';
import { bodyFields, exampleBody, exampleQuery, exampleRequest, idField } from './operations';
import { type TestService, tokenOf } from './service';
import { seedTasks } from './tasks';

export interface Owner {
  readonly id: string;
  readonly token: string;
  /** The ids of the owner's entities, by the path parameter or body field that refers to them. */
  readonly ids: Readonly<Record<string, string>>;
}

/** Makes a user with an entity for every path parameter and reference, all named `title`. */
export async function makeOwner(
  { url, database }: Pick<TestService, 'url' | 'database'>,
  id: string,
  title = 'A name',
): Promise<Owner> {
  const [task_id] = (await seedTasks(database.url, id, [{ title, description: title }, { title }])) as [
    string,
  ];
  const token = await tokenOf(id);
  const lane = `/api/${encodeURIComponent(id)}`;
  const make = async (path: string, body: object): Promise<ApiResponse> => {
    const response = await send(url, 'POST', lane + path, { token, body });
    expect(response.status).toBe(201);
    return response;
  };
  const made = async (path: string, body: object): Promise<string> => (await make(path, body)).body.id;
  const deleteOne = async (): Promise<string> => {
    const deleted = await made('/tasks', { title });
    const { headers } = await send(url, 'GET', `${lane}/tasks/${deleted}`, { token });
    const ifMatch = { 'If-Match': headers.etag as string };
    await send(url, 'DELETE', `${lane}/tasks/${deleted}`, { token, headers: ifMatch });
    return deleted;
  };
  const deleteProject = async (): Promise<string> => {
    const deleted = await made('/projects', { name: title });
    await send(url, 'DELETE', `${lane}/projects/${deleted}?tasks=delete`, {
      token,
      headers: { 'If-Match': '*' },
    });
    return deleted;
  };
  const tagOne = async (): Promise<[string, string, string]> => {
    const { body: tagged, headers } = await make('/tasks', { title, tags: [title] });
    const tags = await send(url, 'GET', `${lane}/tags`, { token });
    return [tagged.id, tags.body.items[0].id, headers['tasklane-request'] as string];
  };
  const deliverOne = async (): Promise<[string, string]> => {
    const webhook = await made('/webhooks', { url: 'https://hooks.example.com/', description: title });
    const test = await send(url, 'POST', `${lane}/webhooks/${webhook}/test`, { token });
    return [webhook, test.body.id];
  };
  const [
    project_id,
    other_project_id,
    recurring_task_id,
    deleted_task_id,
    deleted_project_id,
    [other_task_id, tag_id, request],
    [webhook_id, delivery_id],
  ] = await Promise.all([
    made('/projects', { name: title }),
    made('/projects', { name: title }),
    made('/tasks', { title, due_date: '2099-01-01', rrule: 'FREQ=WEEKLY' }),
    deleteOne(),
    deleteProject(),
    tagOne(),
    deliverOne(),
  ]);
  const entry_id = await seedClient(database.url, id);
  const ids = {
    task_id,
    other_task_id,
    deleted_task_id,
    recurring_task_id,
    project_id,
    other_project_id,
    deleted_project_id,
    tag_id,
    webhook_id,
    delivery_id,
    entry_id,
    request,
  };
  return { id, token, ids };
}

/** The name of the id in the owner's ids, for operations that need a deleted task or project, or a recurring task. */
const otherIds: Readonly<Record<string, string>> = {
  restoreTask: 'deleted_task_id',
  skipOccurrence: 'recurring_task_id',
  getDeletedTask: 'deleted_task_id',
  purgeTask: 'deleted_task_id',
  getDeletedProject: 'deleted_project_id',
  restoreProject: 'deleted_project_id',
};

/** The path parameters of an operation, except the user's id. */
export function idParametersOf(operation: Operation): string[] {
  return [...operation.path.matchAll(/\{([^}]+)\}/g)]
    .map(([, name]) => name as string)
    .filter((name) => name !== 'user_id');
}

/** The key in the owner's ids for a path parameter of the operation. */
export function idNameOf(operation: Operation, parameter: string): string {
  return otherIds[operation.id] ?? parameter;
}

/** The fields of an operation's body that refer to other entities, with the key in the owner's ids. */
export function referencesOf(operation: Operation): [field: string, id: string][] {
  const [kind] = /(?<=\{user_id\}\/)(projects|tasks)/.exec(operation.path) ?? [];
  const neighbour = kind === 'projects' ? 'other_project_id' : 'other_task_id';
  const known: Record<string, string> = {
    project_id: 'project_id',
    parent_id: 'other_task_id',
    before: neighbour,
    after: neighbour,
    request: 'request',
  };
  const fields = bodyFields(operation).filter((field) => idField(operation, field));
  return fields.map((field) => {
    const id = known[field];
    if (!id) throw new Error(`The tests know nothing for the field ${field} of ${operation.id}.`);
    return [field, id];
  });
}

/** The contract's example of a body with the owner's ids. */
export function bodyOf(operation: Operation, { ids }: Owner): unknown {
  const body = exampleBody(operation);
  if (typeof body !== 'object' || body === null) return body;
  const own = referencesOf(operation)
    .filter(([field]) => (body as Record<string, unknown>)[field])
    .map(([field, id]) => [field, ids[id]]);
  return { ...body, ...Object.fromEntries(own) };
}

export interface OwnerRequest extends Omit<RequestOptions, 'token'> {
  readonly as: Owner;
  /** The user of the path; the owner by default. */
  readonly lane?: string;
  readonly ids?: Owner['ids'];
  /** The operation's example by default. */
  readonly method?: string;
}

/** Sends an operation's example for the owner's entities. */
export function sendAs(
  base: string,
  operation: Operation,
  {
    as,
    lane = as.id,
    ids = as.ids,
    method = operation.method,
    body = bodyOf(operation, as),
    headers = {},
    ...options
  }: OwnerRequest,
): Promise<ApiResponse> {
  const path = operation.path.replace(/\{([^}]+)\}/g, (_match, name: string) => {
    const value = name === 'user_id' ? lane : ids[idNameOf(operation, name)];
    if (value === undefined) throw new Error(`The tests have nothing for the path parameter ${name}.`);
    return encodeURIComponent(value);
  });
  return send(base, method.toUpperCase(), path + exampleQuery(operation, lane), {
    token: as.token,
    body,
    headers: { ...exampleRequest(operation).headers, ...headers },
    ...options,
  });
}

/** All rows of a user's lane, by table. */
export async function rowsOf(url: string, userId: string): Promise<Record<string, unknown[]>> {
  const tables = await query<{ name: string }>(
    url,
    `select table_name as name from information_schema.columns
     where table_schema = 'tasklane' and column_name = 'lane_id' order by 1`,
  );
  const selects = tables.map(
    ({ name }) =>
      `select '${name}' as name, to_jsonb(t) as row from tasklane."${name}" as t where lane_id = lane_of($1)`,
  );
  const rows = await query<{ name: string; row: unknown }>(
    url,
    `select * from (${selects.join(' union all ')}) as lane order by name, row::text collate "C"`,
    [userId],
  );
  const found = Map.groupBy(rows, (each) => each.name);
  return Object.fromEntries(
    tables.map(({ name }) => [name, (found.get(name) ?? []).map((each) => each.row)]),
  );
}
