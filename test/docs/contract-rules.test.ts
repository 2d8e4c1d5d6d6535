import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redocly } from '../../scripts/redocly';
import { projectPath } from '../../src/paths';

// biome-ignore lint/suspicious/noExplicitAny: the cases break the document's structure on purpose.
type Document = any;

const json = (schema: object, example: unknown) => ({ 'application/json': { schema, example } });
const schemaRef = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const problemRef = { $ref: '#/components/responses/Problem' };
const note = { text: 'Rain', lines: [{ text: 'again' }] };

/** A contract that keeps every rule. */
function validContract(): Document {
  return {
    openapi: '3.1.0',
    info: { title: 'Notes', version: '1.0.0', license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    security: [{ bearerAuth: [] }],
    paths: {
      '/api/{user_id}/notes': {
        parameters: [{ name: 'user_id', in: 'path', required: true, schema: { type: 'string' } }],
        get: {
          operationId: 'listNotes',
          summary: 'List notes',
          description: 'The notes.',
          parameters: [{ name: 'sort_by', in: 'query', schema: { type: 'string', default: 'text' } }],
          responses: {
            '200': { $ref: '#/components/responses/Note' },
            '304': { description: 'Nothing new.' },
            '400': problemRef,
            '401': problemRef,
            '403': problemRef,
            '422': problemRef,
            '5XX': problemRef,
          },
        },
        patch: {
          operationId: 'updateNote',
          summary: 'Change a note',
          description: 'Changes the note.',
          requestBody: { content: json(schemaRef('NotePatch'), { text: 'Sun' }) },
          responses: {
            '204': { description: 'Changed.' },
            '400': problemRef,
            '401': problemRef,
            '403': problemRef,
            '413': problemRef,
            '415': problemRef,
            '422': problemRef,
            '5XX': problemRef,
          },
        },
      },
    },
    webhooks: {
      noteWritten: {
        post: {
          summary: 'A note was written',
          description: 'Sent for each note.',
          security: [],
          requestBody: { content: json(schemaRef('Note'), note) },
          responses: { '2XX': { description: 'Taken.' }, '410': { description: 'Gone.' } },
        },
      },
    },
    components: {
      securitySchemes: { bearerAuth: { type: 'http', scheme: 'bearer' } },
      responses: {
        Note: { description: 'The note.', content: json(schemaRef('Note'), note) },
        Problem: {
          description: 'A problem.',
          content: {
            'application/problem+json': {
              schema: { oneOf: [schemaRef('GoneProblem'), schemaRef('LostProblem')] },
              example: { code: 'gone' },
            },
          },
        },
      },
      schemas: {
        Text: { type: 'string', pattern: '^[A-Za-z]+$', 'x-pattern-description': 'must hold only letters' },
        Line: { type: 'object', required: ['text'], properties: { text: schemaRef('Text') } },
        Note: {
          type: 'object',
          required: ['text', 'lines'],
          properties: { text: schemaRef('Text'), lines: { type: 'array', items: schemaRef('Line') } },
        },
        LinePatch: {
          type: 'object',
          additionalProperties: false,
          properties: { text: schemaRef('Text') },
        },
        NotePatch: {
          type: 'object',
          additionalProperties: false,
          properties: { text: schemaRef('Text'), lines: { type: 'array', items: schemaRef('LinePatch') } },
        },
        Problem: { type: 'object', required: ['code'], properties: { code: { type: 'string' } } },
        LostProblem: { allOf: [schemaRef('Problem')], properties: { code: { const: 'lost' } } },
        GoneProblem: { allOf: [schemaRef('Problem')], properties: { code: { const: 'gone' } } },
      },
    },
  };
}

const item = (contract: Document) => contract.paths['/api/{user_id}/notes'];
const schemas = (contract: Document) => contract.components.schemas;

const violations: readonly [rule: string, what: string, violate: (contract: Document) => void][] = [
  ['operation-summary', 'no summary', (it) => delete item(it).get.summary],
  ['operation-description', 'no description', (it) => delete item(it).get.description],
  [
    'rule/operation-id-casing',
    'an operationId in PascalCase',
    (it) => {
      item(it).get.operationId = 'ListNotes';
    },
  ],
  ['rule/operation-id-casing', 'no operationId', (it) => delete item(it).get.operationId],
  [
    'rule/query-parameter-casing',
    'a query parameter in camelCase',
    (it) => {
      item(it).get.parameters[0].name = 'sortBy';
    },
  ],
  [
    'rule/schema-casing',
    'a schema in snake_case',
    (it) => {
      schemas(it).a_line = schemas(it).Line;
      schemas(it).Note.properties.lines.items = schemaRef('a_line');
      delete schemas(it).Line;
    },
  ],
  [
    'rule/pattern-description',
    'a pattern without words, in a component',
    (it) => delete schemas(it).Text['x-pattern-description'],
  ],
  [
    'rule/pattern-description',
    'a pattern without words, in a nested field',
    (it) => {
      schemas(it).Line.properties.text = { type: 'string', pattern: '^[a-z]+$' };
    },
  ],
  [
    'rule/pattern-description',
    'a pattern without words, in a parameter',
    (it) => {
      item(it).parameters[0].schema.pattern = '^[a-z]+$';
    },
  ],
  [
    'rule/body-examples',
    'a request body without an example',
    (it) => delete item(it).patch.requestBody.content['application/json'].example,
  ],
  [
    'rule/body-examples',
    'a response body without an example',
    (it) => delete it.components.responses.Note.content['application/json'].example,
  ],
  ['rule/fault-response', 'no 5XX', (it) => delete item(it).get.responses['5XX']],
  [
    'rule/fault-response',
    'a default response',
    (it) => {
      item(it).get.responses.default = item(it).get.responses['200'];
    },
  ],
  ...['400', '401', '403', '422'].map((status): [string, string, (contract: Document) => void] => [
    'rule/lane-responses',
    `a lane's operation without ${status}`,
    (it) => delete item(it).get.responses[status],
  ]),
  ...['413', '415'].map((status): [string, string, (contract: Document) => void] => [
    'rule/body-responses',
    `an operation with a body and without ${status}`,
    (it) => delete item(it).patch.responses[status],
  ]),
  [
    'contract/problem-responses',
    'an error in plain JSON',
    (it) => {
      item(it).get.responses['404'] = {
        description: 'None.',
        content: json(schemaRef('Problem'), { code: 'no' }),
      };
    },
  ],
  [
    'contract/problem-responses',
    'an error without a body',
    (it) => {
      item(it).get.responses['404'] = { description: 'None.' };
    },
  ],
  [
    'contract/problem-responses',
    'an error that may be something other than a Problem',
    (it) => {
      schemas(it).LostProblem = {
        type: 'object',
        required: ['lost'],
        properties: { lost: { type: 'string' } },
      };
    },
  ],
  [
    'contract/problem-responses',
    'a redirection with a body',
    (it) => {
      item(it).get.responses['304'].content = json(schemaRef('Note'), note);
    },
  ],
  [
    'contract/patch-without-defaults',
    'a default beside a reference',
    (it) => {
      schemas(it).NotePatch.properties.text = { ...schemaRef('Text'), default: 'Rain' };
    },
  ],
  [
    'contract/patch-without-defaults',
    'a default behind a reference, in the items of a list',
    (it) => {
      schemas(it).LinePatch.properties.text = { type: 'string', default: 'Rain' };
    },
  ],
  [
    'contract/closed-request-bodies',
    'an open body',
    (it) => delete schemas(it).NotePatch.additionalProperties,
  ],
  [
    'contract/closed-request-bodies',
    'an open object inside a body',
    (it) => delete schemas(it).LinePatch.additionalProperties,
  ],
  [
    'contract/required-response-fields',
    'an optional field',
    (it) => {
      schemas(it).Note.required = ['lines'];
    },
  ],
  [
    'contract/required-response-fields',
    'an optional field of what is sent to a webhook',
    (it) => {
      const sent = { type: 'object', properties: { text: schemaRef('Text') } };
      it.webhooks.noteWritten.post.requestBody.content = json(sent, { text: 'Rain' });
    },
  ],
  [
    'contract/required-response-fields',
    'an optional field in the items of a list',
    (it) => {
      schemas(it).Line.required = [];
    },
  ],
  [
    'contract/required-response-fields',
    'an optional field that a problem adds',
    (it) => {
      schemas(it).GoneProblem.properties.since = { type: 'string' };
    },
  ],
];

/** Lints contracts with the project's rules, in one run: the ids of the rules that each of them breaks. */
async function lint(contracts: readonly Document[]): Promise<string[][]> {
  const directory = mkdtempSync(join(tmpdir(), 'tasklane-lint-'));
  try {
    const files = contracts.map((contract, index) => {
      writeFileSync(join(directory, `${index}.json`), JSON.stringify(contract));
      return `${index}.json`;
    });
    const options = ['--format=github-actions', '--max-problems=1000'];
    const { stdout } = await redocly(
      ['lint', `--config=${projectPath('redocly.yaml')}`, ...options, ...files],
      directory,
    );
    const findings = [...stdout.matchAll(/^::\w+ title=([^,]+),file=([^,]+),/gm)];
    return files.map((file) => [
      ...new Set(findings.filter(([, , at]) => at === file).map(([, rule = '']) => rule)),
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('contract rules', () => {
  let broken: string[][] = [];

  beforeAll(async () => {
    const violating = violations.map(([, , violate]) => {
      const contract = validContract();
      violate(contract);
      return contract;
    });
    broken = await lint([validContract(), ...violating]);
  }, 60_000);

  test('a contract that keeps them passes', () => {
    expect(broken[0]).toEqual([]);
  });

  test.each(violations.map(([rule, what], index) => ({ rule, what, index })))(
    '$rule finds $what',
    ({ rule, index }) => {
      expect(broken[index + 1]).toEqual([rule]);
    },
  );

  test('every rule that the project adds has a case', () => {
    const [, rules = ''] = readFileSync(projectPath('redocly.yaml'), 'utf8').split(/^rules:$/m);
    const added = [...rules.matchAll(/^ {2}([\w/-]+):(?! off)/gm)].map(([, rule = '']) => rule);
    const covered = new Set(violations.map(([rule]) => rule));
    expect(added.filter((rule) => !covered.has(rule))).toEqual([]);
    expect(added).toContain('rule/lane-responses');
  });

  test('the contract keeps them, without a warning', async () => {
    const { code, stdout } = await redocly(['lint', '--format=github-actions'], projectPath());
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: '' });
  });
});
