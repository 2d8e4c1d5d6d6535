/**
 * A `fetch` that lets existing frontends call Tasklane with the requests, and read the answers, that hand-written task
 * backends have. docs/migrating.md lists what becomes of each.
 */

type AnyFetch = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
type Fields = Record<string, unknown>;

export interface CompatOptions {
  /** The address of the service. Requests to other addresses are not changed. */
  readonly baseUrl: string;
  /**
   * What `text()` of a list has: the tasks as an array (default), `{tasks, total}` or `{data: {tasks, total}}`. `json()` has
   * an array with all of these as properties.
   */
  readonly list?: 'array' | 'tasks' | 'data' | undefined;
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camelCase = (name: string): string =>
  name.replace(/_(.)/g, (_match, letter: string) => letter.toUpperCase());

/** Other words for the contract's priorities and statuses. */
const synonyms: Record<string, string> = {
  none: 'low',
  critical: 'urgent',
  to_do: 'pending',
  todo: 'pending',
  active: 'pending',
  doing: 'in_progress',
  done: 'completed',
};

/** Priorities or statuses in the contract's words, separated by commas. */
const words = (value: unknown): string =>
  String(value)
    .toLowerCase()
    .replace(/[ -]/g, '_')
    .replace(/\w+/g, (each) => synonyms[each] ?? each);

/** A due date: a date as it is; an instant at midnight UTC as its date; another instant as date and time in this time zone. */
function dueFields(value: unknown): Fields {
  const text = String(value || '');
  if (!/T(?!00:00(:00(\.0+)?)?(Z|[+]00:00)?$)/.test(text)) return { due_date: text.split('T')[0] || null };
  const instant = new Date(text);
  // The time on the clocks of this time zone, written as if it were UTC.
  const local = new Date(+instant - instant.getTimezoneOffset() * 60_000).toISOString();
  return {
    due_date: local.slice(0, 10),
    due_time: local.slice(11, 16),
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

/**
 * A body in the contract's names and words, without what only the service sets. Fields that are as the task was last read
 * are left out: frontends send `{...task, completed: true}`, where `status` still says `pending`.
 */
function toBody(given: Fields, last: Fields = {}): Fields {
  const body: Fields = {};
  for (const [key, value] of Object.entries(given)) {
    const name = snakeCase(key);
    if (/^(id|user_id|(created|updated|completed)_at|version|position|task|data|success)$/.test(name))
      continue;
    if (name !== 'title' && JSON.stringify(value) === JSON.stringify(last[key])) continue;
    if (/completed$/.test(name)) body.status = value ? 'completed' : 'pending';
    else if (/^due_(date|at)$/.test(name)) Object.assign(body, dueFields(value));
    else if (/^(tags|category)$/.test(name)) {
      const tags = typeof value === 'string' ? value.split(',') : ((value ?? []) as string[]);
      body.tags = tags.map((each) => each.trim()).filter(Boolean);
    } else if (!/^(status|priority)$/.test(name)) body[name] = value === '' ? null : value;
    else if (value) body[name] = words(value);
  }
  return body;
}

/** The query as Tasklane has it, and the window of a list by `offset` or `page`; a `limit` of 0 is none. */
function toQuery(given: URLSearchParams): { query: Record<string, string>; offset: number; limit: number } {
  const query: Record<string, string> = {};
  const tags: string[] = [];
  let [sort, order, offset, limit, page] = ['', '', 0, 0, 1];
  for (const [key, value] of given) {
    const name = snakeCase(key);
    if (value === '' || value === 'all') continue;
    if (/^(tags?|category)$/.test(name)) tags.push(value);
    else if (/^sort(_by)?$/.test(name)) sort = snakeCase(value).replace('due_date', 'due');
    else if (/order$/.test(name)) order = value;
    else if (name === 'limit') limit = +value;
    else if (name === 'offset') offset = +value;
    else if (name === 'page') page = +value;
    else if (name === 'search') query.q = value;
    else if (/completed$/.test(name)) query.status = value === 'true' ? 'completed' : 'pending,in_progress';
    else if (/^(status|priority)/.test(name)) query[name.replace('_filter', '')] = words(value);
    else query[name] = value;
  }
  if (sort) query.sort = (/^desc/i.test(order) ? '-' : '') + sort.replace(/(created|updated)$/, '$1_at');
  if (tags.length > 0) query.tags_all = tags.join();
  return { query, offset: offset || (page - 1) * limit, limit };
}

/** A task with the names of other backends beside its own. */
function toTask(task: Fields): Fields {
  const [category = null] = (task.tags ?? []) as unknown[];
  const all = { ...task, is_completed: task.completed, category };
  return {
    ...Object.fromEntries(Object.entries(all).map(([name, value]) => [camelCase(name), value])),
    ...all,
  };
}

/** A response with this JSON, or with other text than `json()`. */
function answer({ status, headers: given }: Response, json: unknown, text = json): Response {
  const headers = new Headers(given);
  headers.delete('Content-Length');
  headers.set('Content-Type', 'application/json');
  const made = new Response(JSON.stringify(text), { status: status === 204 ? 200 : status, headers });
  return Object.defineProperty(made, 'json', { value: async () => json });
}

/** A problem with the names that other backends have for its text. */
async function toProblem(response: Response): Promise<Response> {
  if (!response.headers.get('Content-Type')?.includes('problem')) return response;
  const problem = await response.json();
  return answer(response, { ...problem, message: problem.detail, error: problem.detail });
}

/** Makes the `fetch`. It sends requests to the service with `fetch`, and all others unchanged. */
export function compatFetch(fetch: AnyFetch, { baseUrl, list }: CompatOptions): AnyFetch {
  const base = baseUrl.replace(/\/?$/, '/');
  // Each task as the frontend has last read it.
  const seen = new Map<unknown, Fields>();
  const show = (data: Fields): Fields => {
    const task = toTask(data);
    seen.set(task.id, task);
    return task;
  };

  const readList = async (address: string, request: Request): Promise<Response> => {
    const { query: filters, offset, limit } = toQuery(new URL(request.url).searchParams);
    const last = limit ? offset + limit : Number.POSITIVE_INFINITY;
    const query = new URLSearchParams({ ...filters, limit: '200', include_total: 'true' });
    const all: Fields[] = [];
    for (;;) {
      const response = await fetch(new Request(`${address}?${query}`, request));
      if (!response.ok) return toProblem(response);
      const { items, next_cursor, total } = await response.json();
      all.push(...items);
      if (next_cursor === null || all.length >= last) {
        const tasks = all.slice(offset, last).map(show);
        const named = { tasks, total: total ?? all.length };
        const data = Object.assign([...tasks], named);
        const json = Object.assign([...tasks], named, {
          items: tasks,
          count: tasks.length,
          data,
          success: true,
        });
        return answer(response, json, { array: tasks, tasks: named, data: { data: named } }[list ?? 'array']);
      }
      query.set('cursor', next_cursor);
    }
  };

  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, base);
    // The path of the tasks, the id of one, and what to do with it.
    const called = url.origin + url.pathname;
    const [path, user, name, id = '', action = ''] = called.slice(base.length).split('/');
    if (!called.startsWith(base) || path !== 'api' || name !== 'tasks') return fetch(input, init);
    const tasks = `${base}api/${user}/tasks`;
    const request = new Request(input instanceof Request ? input : url, init);
    let { method } = request;
    if (method === 'GET' && id === '') return readList(tasks, request);

    const given = await request.text();
    let body = given ? toBody(JSON.parse(given), action ? {} : seen.get(id)) : undefined;
    let address = [tasks, id, action].filter(Boolean).join('/');
    if (/^(un|in)?complete$|^toggle$/.test(action)) {
      address = `${tasks}/${id}/complete`;
      method = 'PATCH';
      if (action.endsWith('ncomplete')) body = { completed: false };
      else body = body?.status ? { completed: body.status === 'completed' } : undefined;
    }
    const headers = new Headers(request.headers);
    headers.set('Content-Type', 'application/json');
    const { signal, credentials } = request;
    const sent = { method, headers, signal, credentials, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(address + url.search, sent);
    if (!response.ok) return toProblem(response);
    if (response.status === 204) return answer(response, { success: true, id });
    const data = await response.json();
    if (!('version' in data)) return answer(response, data);
    const task = show(data);
    return answer(response, { ...task, task, data: { ...task, task }, success: true });
  };
}
