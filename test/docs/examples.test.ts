import { contractDocument, resolve } from '../../src/platform/contract/document/contract';

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
    const collection = address.replace(/\/test$/, '/deliveries');
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
