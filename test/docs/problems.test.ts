/** Checks what the pages of problems say: each has what to do, and an example that the service can really answer. */
import { contractDocument } from '../../src/platform/contract/document/contract';
import {
  type ProblemCode,
  type ProblemMembers,
  problemBody,
  problemTypes,
} from '../../src/platform/contract/document/problems';
import { readProblems } from '../../src/platform/docs/problems';
import { assertSchema } from '../support/response-check';

const problems = readProblems(contractDocument);

test('each type of problem has a page', () => {
  expect(problems.map(({ code }) => code).sort()).toEqual([...problemTypes.keys()].sort());
});

/** The name of the schema of a problem. */
function schemaOf(code: string): string {
  const schemas = contractDocument.components.schemas as unknown as Record<
    string,
    { properties?: { code?: { const?: string } } }
  >;
  const names = Object.keys(schemas).filter((name) => schemas[name]?.properties?.code?.const === code);
  return names[0] as string;
}

describe.each(problems.map((problem) => [problem.code, problem] as const))(
  '%s',
  (code, { action, example }) => {
    test('says what to do in sentences', () => {
      expect(action.trim()).toMatch(/^[A-Z].*\.$/s);
    });

    test('has an example that follows the schema', () => {
      expect(() => assertSchema(schemaOf(code), example)).not.toThrow();
    });

    test('has an example that the service makes from its members', () => {
      const { type, title, status, request_id, ...members } = example as ProblemMembers &
        Record<string, unknown>;
      expect(problemBody(code as ProblemCode, String(request_id), members)).toMatchObject({
        type,
        title,
        status,
      });
    });
  },
);
