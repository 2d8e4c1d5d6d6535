import { contractDocument, resolve } from '../../src/platform/contract/document/contract';
import { type ProblemMembers, problemBody } from '../../src/platform/contract/document/problems';
import { entityTagOf } from '../../src/platform/contract/http/entity-tags';

interface Media {
  example?: unknown;
}
interface Header {
  $ref?: string;
  example?: string;
}
interface Response {
  $ref?: string;
  headers?: Record<string, Header>;
  content?: Record<string, Media>;
}
interface Parameter {
  $ref?: string;
  name: string;
  in: string;
  example?: unknown;
}
interface OperationItem {
  operationId: string;
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Response>;
}
type PathItem = { parameters?: Parameter[] } & Record<string, OperationItem>;

const methods = ['get', 'put', 'post', 'patch', 'delete'];

const operations = Object.entries(contractDocument.paths as unknown as Record<string, PathItem>).flatMap(
  ([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method];
      if (!operation) return [];
      const [, success] = Object.entries(operation.responses).find(([status]) => /^2/.test(status)) ?? [];
      const address = path.replace(/\{([^}]+)\}/g, (_match, name: string) => {
        const parameters = (item.parameters ?? []).map((each) => resolve(contractDocument, each));
        return String(parameters.find((each) => each.name === name)?.example);
      });
      return [
        { id: operation.operationId, address, operation, success: resolve(contractDocument, success ?? {}) },
      ];
    }),
);

function headerExamples(name: string): [string, string, string][] {
  return operations.flatMap(({ id, address, success }) => {
    const header = success.headers?.[name];
    return header ? [[id, address, String(resolve(contractDocument, header).example)] as const] : [];
  }) as [string, string, string][];
}

const bodies = operations.flatMap(({ id, operation, success }) => {
  const response = success.content?.['application/json']?.example as Record<string, unknown> | undefined;
  return Object.entries(operation.requestBody?.content ?? {}).flatMap(([mediaType, { example }]) =>
    typeof example === 'object' && response
      ? [[id, mediaType, example as Record<string, unknown>, response] as const]
      : [],
  );
});

test.each(headerExamples('Link'))(
  'the Link example of %s shows the address of the list',
  (_id, address, link) => {
    expect(link).toMatch(/^<[^>]+>; rel="next"$/);
    expect(link.slice(1, link.indexOf('?'))).toBe(address);
  },
);

test.each(headerExamples('Location'))(
  'the Location example of %s is below its address',
  (_id, address, location) => {
    const collection = address.replace(/\/test$/, '/deliveries').replace(/\/[^/]+\/duplicate$/, '');
    expect(location === collection || location.startsWith(`${collection}/`)).toBe(true);
  },
);

// The task of the example recurs, so completing its occurrence leaves it open.
const notShown: Readonly<Record<string, readonly string[]>> = { completeTask: ['completed'] };

test.each(bodies)(
  'the response example of %s belongs to its %s example of a request',
  (id, _type, request, response) => {
    const shown = Object.keys(request).filter((name) => name in response && !notShown[id]?.includes(name));
    expect(response).toMatchObject(Object.fromEntries(shown.map((name) => [name, request[name]])));
  },
);

test('the response examples of a batch have a result for each operation of the request', () => {
  const batch = operations.find(({ id }) => id === 'applyBatch') as (typeof operations)[number];
  const { requestBody, responses } = batch.operation;
  const request = requestBody?.content['application/json']?.example as { operations: { op: string }[] };
  const examples = ['200', '422'].map((status) => {
    const response = resolve(contractDocument, responses[status] as Response);
    return Object.values(response.content ?? {})[0]?.example as { results: { index: number; op: string }[] };
  });
  for (const { results } of examples) {
    expect(results.map(({ index, op }) => ({ index, op }))).toEqual(
      request.operations.map(({ op }, index) => ({ index, op })),
    );
  }
});

type Json = Record<string, unknown>;

interface ResponseExample {
  readonly id: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly status: string;
  readonly type: string;
  readonly headers: Readonly<Record<string, Header>>;
  readonly body: Json;
}

/** The JSON examples of all responses of all operations. */
const responseExamples: ResponseExample[] = Object.entries(
  contractDocument.paths as unknown as Record<string, PathItem>,
).flatMap(([path, item]) =>
  methods.flatMap((method) => {
    const operation = item[method] as (OperationItem & { parameters?: Parameter[] }) | undefined;
    if (!operation) return [];
    const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((each) =>
      resolve(contractDocument, each),
    );
    return Object.entries(operation.responses).flatMap(([status, response]) => {
      const { headers = {}, content = {} } = resolve(contractDocument, response);
      return Object.entries(content).flatMap(([type, { example }]) =>
        typeof example === 'object'
          ? [{ id: operation.operationId, path, parameters, status, type, headers, body: example as Json }]
          : [],
      );
    });
  }),
);

const titled = (examples: readonly ResponseExample[]) =>
  examples.map((each) => [each.id, each.status, each] as const);
const successes = responseExamples.filter(({ status }) => status.startsWith('2'));

test.each(titled(successes.filter(({ body }) => typeof body.id === 'string')))(
  'the example of %s under %s shows the entity of its address',
  (_id, _status, { path, parameters, headers, body }) => {
    const location = headers.Location && resolve(contractDocument, headers.Location).example;
    const [name] = [...path.matchAll(/\{(\w+_id)\}/g)].map(([, each]) => each).slice(-1);
    const example = parameters.find((each) => each.name === name)?.example;
    expect(body.id).toBe(location === undefined ? example : location.split('/').at(-1));
  },
);

/** The values of a field, in an example and everything inside of it. */
function valuesOf(field: string, node: unknown): unknown[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => (name === field ? [value] : valuesOf(field, value)));
}

test.each(titled(responseExamples))(
  'the example of %s under %s belongs to the user of the address',
  (...each) => {
    const { parameters, body } = each[2];
    const users = valuesOf('user_id', body);
    const userId = parameters.find(({ name }) => name === 'user_id')?.example;
    expect([...new Set(users)]).toEqual(users.length === 0 ? [] : [userId]);
  },
);

test.each(titled(responseExamples.filter(({ headers }) => 'ETag' in headers)))(
  'the ETag of %s under %s is that of the entity in the example',
  (_id, status, { headers, body }) => {
    const entity = (status === '412' ? body.current : body) as Parameters<typeof entityTagOf>[0];
    expect(resolve(contractDocument, headers.ETag as Header).example).toBe(entityTagOf(entity));
  },
);

const lists = successes.filter(({ body }) => Array.isArray(body.items));

test.each(titled(lists))('the items in the example of %s under %s match its filters', (...each) => {
  const { parameters, body } = each[2];
  for (const item of body.items as Json[]) {
    for (const { name, in: location, example } of parameters) {
      // A filter by parent shows the subtasks of another task.
      if (location !== 'query' || !(name in item) || name === 'parent_id') continue;
      expect([example].flat()).toContain(item[name]);
    }
  }
});

test('the tags in the example of a list match its filters', () => {
  const { parameters, body } = lists.find(({ id }) => id === 'listTasks') as ResponseExample;
  const example = (name: string) => parameters.find((each) => each.name === name)?.example as string[];
  for (const { tags } of body.items as { tags: string[] }[]) {
    expect(tags).toEqual(expect.arrayContaining([...example('tags_any'), ...example('tags_all')]));
    expect(tags).not.toEqual(expect.arrayContaining(example('tags_none')));
  }
});

test.each(titled(responseExamples.filter(({ body }) => Array.isArray(body.errors))))(
  'the validation errors in the example of %s under %s are possible for its request',
  (_id, _status, { body }) => {
    const { errors = [], errors_omitted = 0 } = body as ProblemMembers;
    expect(body.detail).toBe(problemBody('validation-failed', '', { errors, errors_omitted }).detail);
    // Many operations have this example, and not all of them have a body.
    expect(errors.map(({ pointer }) => pointer.split('/')[1])).toEqual(errors.map(() => 'query'));
  },
);

test.each(titled(responseExamples.filter(({ body }) => 'quota' in body)))(
  'the quota in the example of %s under %s is one that it can exceed',
  (_id, _status, { path, body }) => {
    const { quota, detail } = body as { quota: string; detail: string };
    if (quota !== 'storage') expect(quota === 'webhooks').toBe(path.includes('webhooks'));
    expect(detail).toContain(quota === 'storage' ? 'bytes' : quota);
  },
);

test('the problem of a failed batch contains the problem of the operation that failed', () => {
  const { body } = responseExamples.find(
    ({ id, status }) => id === 'applyBatch' && status === '422',
  ) as ResponseExample;
  const problems = (body.results as { problem: { code: string; detail: string } }[]).map(
    ({ problem }) => problem,
  );
  const failed = problems.findIndex(({ code }) => code !== 'not-applied');
  expect(body.detail).toBe(
    `Operation ${failed} failed, and nothing was changed. ${problems[failed]?.detail}`,
  );
});

test('the name of an exported file has the extension of its address', () => {
  const exports = headerExamples('Content-Disposition');
  expect(exports).toHaveLength(3);
  for (const [, address, example] of exports) {
    const extension = address.split('.')[1] ?? 'json';
    expect(example).toMatch(new RegExp(`^attachment; filename="tasklane-[0-9-]{10}\\.${extension}"$`));
  }
});
