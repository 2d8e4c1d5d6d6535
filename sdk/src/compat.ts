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

const priorities: Record<string, string> = { none: 'low', normal: 'medium', critical: 'urgent' };
const statuses: Record<string, string> = {
  to_do: 'pending',
  todo: 'pending',
  open: 'pending',
  active: 'pending',
  incomplete: 'pending',
  doing: 'in_progress',
  done: 'completed',
  complete: 'completed',
  canceled: 'cancelled',
};

function word(value: unknown, synonyms: Record<string, string>): string {
  const name = String(value).trim().toLowerCase().replaceAll(/[\s-]/g, '_');
  return synonyms[name] ?? name;
}

const words = (values: string, synonyms: Record<string, string>): string =>
  values
    .split(',')
    .map((each) => word(each, synonyms))
    .join(',');

const two = (value: number): string => String(value).padStart(2, '0');

/** A due date: a date as it is; an instant at midnight UTC as its date; another instant as date and time in this time zone. */
function dueFields(value: unknown): Fields {
  if (value === null || value === '') return { due_date: null };
  const text = String(value);
  const date = text.slice(0, 10);
  if (text.length === 10 || /T00:00(:00(\.0+)?)?(Z|\+00:00)?$/.test(text)) return { due_date: date };
  const instant = new Date(text);
  if (Number.isNaN(instant.getTime())) return { due_date: text };
  return {
    due_date: `${instant.getFullYear()}-${two(instant.getMonth() + 1)}-${two(instant.getDate())}`,
    due_time: `${two(instant.getHours())}:${two(instant.getMinutes())}`,
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

const tagsOf = (value: unknown): unknown =>
  typeof value === 'string' ? value.split(',').flatMap((each) => each.trim() || []) : value;

/** How each field of a body is called and written here. Fields that only the service sets are left out. */
const bodyFields: Record<string, (value: unknown) => Fields> = {
  completed: (value) => ({ status: value ? 'completed' : 'pending' }),
  is_completed: (value) => ({ status: value ? 'completed' : 'pending' }),
  status: (value) => ({ status: word(value, statuses) }),
  priority: (value) => (value === null || value === '' ? {} : { priority: word(value, priorities) }),
  due_date: dueFields,
  due_at: dueFields,
  category: (value) => ({ tags: value ? [value] : [] }),
  tags: (value) => ({ tags: tagsOf(value) ?? [] }),
  description: (value) => ({ description: value || null }),
  ...Object.fromEntries(
    ['user_id', 'created_at', 'updated_at', 'completed_at', 'version', 'position'].map((name) => [
      name,
      () => ({}),
    ]),
  ),
};

function toBody(body: Fields, isNew: boolean): Fields {
  const entries = Object.entries(body).map(([name, value]) => {
    const own = snakeCase(name);
    if (own === 'id') return isNew && typeof value === 'string' && value.length === 36 ? { id: value } : {};
    return bodyFields[own]?.(value) ?? { [own]: value };
  });
  return Object.assign({}, ...entries);
}

/** The query as Tasklane has it, and the window of a list by `offset` or `page`. */
function toQuery(given: URLSearchParams): { query: Record<string, string>; offset: number; limit: number } {
  const { sort_by, sort, order, sort_order, search, status_filter, completed, is_completed, ...rest } =
    Object.fromEntries([...given].map(([name, value]) => [snakeCase(name), value]));
  const {
    page,
    per_page,
    offset,
    skip,
    limit = per_page,
    tag,
    tags,
    category,
    status,
    priority,
    ...own
  } = rest;
  const names = [...given].flatMap(([name, value]) => (/^(tags?|category)$/.test(name) && value) || []);
  const state = status_filter ?? status;
  const isDone = completed ?? is_completed;
  const [key = '', ...keys] = (sort_by ?? sort ?? '').split(',').map((each) => {
    const name = snakeCase(each);
    return name.replace('due_date', 'due').replace(/^(-?)(created|updated)$/, '$1$2_at');
  });
  const isDescending = /^desc/i.test(order ?? sort_order ?? '') && key;
  const size = Number(limit ?? 0);
  const query = {
    ...own,
    q: own.q ?? search,
    tags_all: names.join(','),
    sort: [isDescending ? `-${key}` : key, ...keys].join(','),
    status: state
      ? words(state, statuses)
      : isDone && (isDone === 'true' ? 'completed' : 'pending,in_progress'),
    priority: priority && words(priority, priorities),
  };
  return {
    query: Object.fromEntries(
      Object.entries(query).filter((each): each is [string, string] => !!each[1] && each[1] !== 'all'),
    ),
    offset: Number(offset ?? skip ?? (Number(page ?? 1) - 1) * (size || 50)),
    limit: size,
  };
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

const isTask = (value: Fields): boolean => 'title' in value && 'status' in value && 'version' in value;

function answer(response: Response, body: unknown, text: unknown = body): Response {
  const headers = new Headers(response.headers);
  headers.delete('Content-Length');
  headers.set('Content-Type', 'application/json');
  const status = response.status === 204 ? 200 : response.status;
  const made = new Response(JSON.stringify(text), { status, headers });
  return Object.defineProperty(made, 'json', { value: async () => body });
}

function toList(response: Response, tasks: Fields[], total: number, shape: CompatOptions['list']): Response {
  const named = { tasks, total };
  const shapes = { array: tasks, tasks: named, data: { data: named } };
  const more = { ...named, items: tasks, count: tasks.length, success: true };
  const list = Object.assign([...tasks], more, { data: Object.assign([...tasks], named) });
  return answer(response, list, shapes[shape ?? 'array']);
}

/** Makes the `fetch`. It sends requests to the service with `fetch`, and all others unchanged. */
export function compatFetch(fetch: AnyFetch, { baseUrl, list }: CompatOptions): AnyFetch {
  const base = new URL(baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`);

  const readList = async (url: URL, request: Request): Promise<Response> => {
    const { query: filters, offset, limit } = toQuery(url.searchParams);
    const last = limit > 0 ? offset + limit : Number.POSITIVE_INFINITY;
    const query = new URLSearchParams({ ...filters, limit: '200', include_total: 'true' });
    const tasks: Fields[] = [];
    let total = 0;
    for (;;) {
      const response = await fetch(new Request(`${url.origin}${url.pathname}?${query}`, request));
      if (!response.ok) return toProblem(response);
      const page = (await response.json()) as { items: Fields[]; next_cursor: string | null; total: number };
      total = page.total ?? total;
      tasks.push(...page.items.map(toTask));
      if (page.next_cursor === null || tasks.length >= last) {
        return toList(response, tasks.slice(offset, last), total, list);
      }
      query.set('cursor', page.next_cursor);
    }
  };

  return async (input, init) => {
    const request = new Request(typeof input === 'string' ? new URL(input, base) : input, init);
    const url = new URL(request.url);
    const path = url.pathname.startsWith(base.pathname) ? url.pathname.slice(base.pathname.length) : '';
    const [, rest = ''] = /^api\/[^/]+\/tasks(?:\/|$)(.*)$/.exec(path) ?? [];
    if (url.origin !== base.origin || !/^api\/[^/]+\/tasks/.test(path)) return fetch(input, init);
    if (request.method === 'GET' && rest === '') {
      url.pathname = url.pathname.replace(/\/$/, '');
      return readList(url, request);
    }

    const toggle = /^([^/]+)\/(complete|toggle|uncomplete|incomplete)\/?$/.exec(rest);
    let { method } = request;
    const given = await request.text();
    let body: unknown = given && toBody(JSON.parse(given), method === 'POST');
    if (toggle) {
      url.pathname = url.pathname.replace(/\/(toggle|uncomplete|incomplete)\/?$/, '/complete');
      method = 'PATCH';
      const isSet = /complet/i.exec(given) && (body as Fields).status !== undefined;
      if (toggle[2]?.includes('ncomplete')) body = { completed: false };
      else body = isSet ? { completed: (body as Fields).status === 'completed' } : undefined;
    } else if (method === 'PUT') {
      // Frontends send only some of the fields.
      method = 'PATCH';
    }
    url.pathname = url.pathname.replace(/\/$/, '');
    const headers = new Headers(request.headers);
    if (body) headers.set('Content-Type', 'application/json');
    else headers.delete('Content-Type');
    const { signal, credentials } = request;
    const sent = { method, headers, signal, credentials, ...(body ? { body: JSON.stringify(body) } : {}) };
    const response = await fetch(url, sent);
    if (!response.ok) return toProblem(response);
    if (response.status === 204) return answer(response, { success: true, message: 'Deleted', id: rest });
    const data = (await response.json()) as Fields;
    if (!isTask(data)) return answer(response, data);
    const task = toTask(data);
    return answer(response, { ...task, task, data: { ...task, task }, success: true });
  };
}

/** A problem with the names that other backends have for its text. */
async function toProblem(response: Response): Promise<Response> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text);
    return answer(response, { ...problem, message: problem.detail, error: problem.detail, success: false });
  } catch {
    return new Response(text, response);
  }
}
