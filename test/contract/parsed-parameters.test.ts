/** Tests the parameters that the service parses itself: their patterns in the contract say what it accepts. */
import fc from 'fast-check';
import { contractDocument, resolve } from '../../src/platform/contract/document/contract';
import { parseTagCondition } from '../../src/platform/contract/http/entity-tags';
import { parseIdempotencyKey } from '../../src/platform/contract/http/idempotency';
import { decodeCursor, encodeCursor } from '../../src/platform/contract/pagination/cursor';
import { send } from '../support/api';
import { examplePath, operations } from '../support/operations';
import { tokenOf, useTestService } from '../support/service';

interface Parameter {
  name: string;
  in: string;
  schema: { pattern: string; maxLength?: number };
}

/** The parameters of this name in all operations, by the id of the operation. */
function parametersNamed(name: string): [string, Parameter][] {
  return operations.flatMap(({ id, path, method }) => {
    const item = contractDocument.paths?.[path] as unknown as Record<string, { parameters?: Parameter[] }>;
    const parameters = (item[method]?.parameters ?? []).map((each) => resolve(contractDocument, each));
    return parameters.filter((each) => each.name === name).map((each): [string, Parameter] => [id, each]);
  });
}

function accepts({ schema: { pattern, maxLength = Number.POSITIVE_INFINITY } }: Parameter, text: string) {
  return text.length <= maxLength && new RegExp(pattern, 'u').test(text);
}

// The characters of header values that Node accepts, and more of those that matter in the grammars.
const headerCharacter = fc.oneof(
  fc.constantFrom(' ', '\t', ',', '"', '\\', '*', 'W/', 'W/"a"', '"b"', '"', '\xa0', '\x7f', '\xff'),
  fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
);
const headerText = fc.string({ unit: headerCharacter, maxLength: 12 });
const lengths = [1, 254, 255, 256, 510, 512, 4095, 4096, 4097];
const long = fc.constantFrom(...lengths.flatMap((length) => ['a'.repeat(length), `"${'b'.repeat(length)}"`]));
const escaped = fc.constantFrom(...[254, 255, 256].map((length) => `"${'\\"'.repeat(length)}"`));

describe('the pattern accepts what the service accepts', () => {
  test.each<[string, (text: string) => unknown]>([
    ['Idempotency-Key', parseIdempotencyKey],
    ['If-Match', parseTagCondition],
    ['If-None-Match', parseTagCondition],
  ])('%s', (name, parse) => {
    const parameters = new Map(parametersNamed(name).map(([, each]) => [JSON.stringify(each.schema), each]));
    expect(parameters.size).toBe(1);
    for (const parameter of parameters.values()) {
      fc.assert(
        fc.property(fc.oneof(headerText, long, escaped), (text) => {
          expect([text, accepts(parameter, text)]).toEqual([text, parse(text) !== null]);
        }),
        { numRuns: 5000 },
      );
    }
  });

  test('cursor', () => {
    const order = [{ column: 'title', kind: 'text' }] as never;
    const cursor = encodeCursor('list', order, { title: 'Zoë' });
    const [, parameter] = parametersNamed('cursor')[0] as [string, Parameter];
    expect(accepts(parameter, cursor)).toBe(true);
    for (const text of [`${cursor}=`, `${cursor} `, `.${cursor}`, `${cursor}\n`]) {
      expect([text, accepts(parameter, text)]).toEqual([text, false]);
      expect(decodeCursor('list', order, text)).toBeNull();
    }
  });
});

describe('a value that breaks the pattern has the problem of the parameter', () => {
  const service = useTestService({ RATE_LIMIT: 'off' });
  let token: string;
  beforeAll(async () => {
    token = await tokenOf('ada');
  });

  const sendTo = (id: string, query: string, headers: Record<string, string>) => {
    const operation = operations.find((each) => each.id === id) as (typeof operations)[number];
    const path = examplePath(operation, 'ada');
    return send(service.url, operation.method.toUpperCase(), path + query, { token, headers });
  };

  test.each(
    ['Idempotency-Key', 'If-Match', 'If-None-Match'].flatMap((name) =>
      parametersNamed(name).map(([id]): [string, string] => [id, name]),
    ),
  )('%s: %s', async (id, name) => {
    const response = await sendTo(id, '', { [name]: '"' });
    expect(response).toMatchObject({ status: 400, body: { code: 'malformed-header' } });
    expect(response.body.detail).toMatch(`${name} must be`);
  });

  test.each([
    ['cursor', 'wrong-cursor'],
    ['token', 'wrong-token'],
  ])('%s: %s', async (name, code) => {
    const parameters = parametersNamed(name);
    expect(parameters.length).toBeGreaterThan(0);
    for (const [id] of parameters) {
      for (const value of ['%3D', 'a.b', 'WzFd%0A']) {
        const response = await sendTo(id, `?${name}=${value}`, {});
        expect(response).toMatchObject({ status: 422, body: { code: 'validation-failed' } });
        expect(response.body.errors).toMatchObject([{ pointer: `/query/${name}`, code }]);
      }
    }
  });
});
