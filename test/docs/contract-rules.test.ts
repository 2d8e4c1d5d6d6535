import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redocly } from '../../scripts/redocly';
import { projectPath } from '../../src/platform/paths';

// biome-ignore lint/suspicious/noExplicitAny: the cases break the document's structure on purpose.
type Document = any;

const json = (schema: object, example: unknown) => ({ 'application/json': { schema, example } });
const schemaRef = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const uncountedRef = { $ref: '#/components/responses/Uncounted' };
const problemRef = { $ref: '#/components/responses/AnyProblem' };
const note = { text: 'Rain', lines: [{ text: 'again' }] };
const log = { text: 'Rain', key: null, version: 1, updated_at: null };
const header = (name: string) => ({ name, in: 'header', schema: { type: 'string' } });
const text = { schema: { type: 'string' } };
const counted = { RateLimit: text, 'RateLimit-Policy': text };
const required = { required: true, ...text };
const written = { ...counted, 'Tasklane-Seq': required, 'Tasklane-Request': required };
const tagged = { ...counted, ETag: { required: true, ...text } };
const replayed = { ...written, 'Idempotency-Replayed': text };
const problems = (...statuses: string[]) => ({
  ...Object.fromEntries(
    [...statuses, '400', '401', '403', '422', '429', '5XX'].map((status) => [status, problemRef]),
  ),
  ...Object.fromEntries(['405', '408', '431'].map((status) => [status, uncountedRef])),
});

const problemResponse = (name: string, code: string) => ({
  description: 'A problem.',
  headers: counted,
  content: { 'application/problem+json': { schema: schemaRef(name), example: { code } } },
});

/** A contract that follows every rule. */
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
          'x-sdk': 'notes.listNotes',
          'x-batch': false,
          'x-cost': { units: 1, more: [{ for: '/query/depth', units: 1 }] },
          summary: 'List notes',
          description: 'The notes.',
          parameters: [
            { name: 'sort_by', in: 'query', schema: { type: 'string', enum: ['text'], default: 'text' } },
            {
              name: 'depth',
              in: 'query',
              schema: { type: 'integer', format: 'int32', minimum: 1, maximum: 9 },
            },
          ],
          responses: {
            '200': { $ref: '#/components/responses/NoteShown' },
            ...problems(),
          },
        },
        patch: {
          operationId: 'updateNote',
          'x-sdk': 'notes.updateNote',
          'x-batch': false,
          'x-cost': { units: 1, more: [{ for: '/body/lines', every: 10, units: 1 }] },
          summary: 'Change a note',
          description: 'Changes the note.',
          parameters: [header('Idempotency-Key')],
          requestBody: { content: json(schemaRef('NotePatch'), { text: 'Sun' }) },
          responses: {
            '204': { description: 'Changed.', headers: replayed },
            ...problems('413', '415'),
            '409': { $ref: '#/components/responses/InFlight' },
            '422': { $ref: '#/components/responses/Reused' },
          },
        },
      },
      '/api/{user_id}/log': {
        parameters: [{ name: 'user_id', in: 'path', required: true, schema: { type: 'string' } }],
        get: {
          operationId: 'getLog',
          'x-sdk': 'notes.getLog',
          'x-batch': false,
          'x-cost': { units: 1 },
          summary: 'Get the log',
          description: 'The log.',
          parameters: [header('If-None-Match')],
          responses: {
            '200': { $ref: '#/components/responses/LogShown' },
            '304': { description: 'Nothing new.', headers: tagged },
            ...problems(),
          },
        },
        delete: {
          operationId: 'clearLog',
          'x-sdk': 'notes.clearLog',
          'x-batch': false,
          'x-cost': { units: 1 },
          summary: 'Clear the log',
          description: 'Clears the log.',
          parameters: [header('If-Match')],
          responses: {
            '204': { description: 'Cleared.', headers: written },
            ...problems('428'),
            '412': { $ref: '#/components/responses/Changed' },
          },
        },
      },
      '/api/{user_id}/log/rotate': {
        parameters: [{ name: 'user_id', in: 'path', required: true, schema: { type: 'string' } }],
        post: {
          operationId: 'rotateLog',
          'x-sdk': 'notes.rotateLog',
          'x-batch': false,
          'x-cost': { units: 1 },
          summary: 'Rotate the log',
          description: 'Rotates the log.',
          'x-idempotent': true,
          parameters: [header('If-Match')],
          responses: {
            '200': {
              ...{ description: 'The new log.', headers: { ...tagged, ...written } },
              content: json(schemaRef('Log'), log),
            },
            ...problems('428'),
            '412': { $ref: '#/components/responses/Changed' },
          },
        },
      },
    },
    webhooks: {
      noteWritten: {
        post: {
          operationId: 'onNoteWritten',
          'x-sdk': 'notes.onNoteWritten',
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
        NoteShown: { description: 'The note.', headers: counted, content: json(schemaRef('Note'), note) },
        LogShown: { description: 'The log.', headers: tagged, content: json(schemaRef('Log'), log) },
        Changed: { ...problemResponse('GoneProblem', 'gone'), headers: tagged },
        InFlight: problemResponse('InFlightProblem', 'request-in-flight'),
        Reused: problemResponse('ReusedProblem', 'idempotency-key-reused'),
        Uncounted: { ...problemResponse('GoneProblem', 'gone'), headers: {} },
        AnyProblem: problemResponse('GoneOrLost', 'gone'),
      },
      schemas: {
        Text: {
          type: 'string',
          pattern: '^[A-Za-z*+]{1,99}$',
          'x-pattern-description': 'must hold only letters',
        },
        Line: { type: 'object', required: ['text'], properties: { text: schemaRef('Text') } },
        Note: {
          type: 'object',
          required: ['text', 'lines'],
          properties: {
            text: schemaRef('Text'),
            lines: { type: 'array', maxItems: 100, items: schemaRef('Line') },
          },
        },
        Log: {
          allOf: [schemaRef('Versioned')],
          required: ['text', 'key'],
          properties: { text: schemaRef('Text'), key: { type: ['string', 'null'], 'x-secret': true } },
        },
        Versioned: {
          type: 'object',
          required: ['version', 'updated_at'],
          properties: {
            version: { type: 'integer', format: 'int64' },
            updated_at: { type: ['string', 'null'] },
          },
        },
        LinePatch: {
          type: 'object',
          additionalProperties: false,
          properties: { text: schemaRef('Text') },
        },
        NotePatch: {
          type: 'object',
          additionalProperties: false,
          properties: {
            text: schemaRef('Text'),
            lines: { type: 'array', maxItems: 100, items: schemaRef('LinePatch') },
          },
        },
        Problem: { type: 'object', required: ['code'], properties: { code: { type: 'string' } } },
        LostProblem: {
          allOf: [schemaRef('Problem')],
          properties: { code: { type: 'string', const: 'lost' } },
        },
        InFlightProblem: {
          allOf: [schemaRef('Problem')],
          properties: { code: { type: 'string', const: 'request-in-flight' } },
        },
        ReusedProblem: {
          allOf: [schemaRef('Problem')],
          properties: { code: { type: 'string', const: 'idempotency-key-reused' } },
        },
        GoneProblem: {
          allOf: [schemaRef('Problem')],
          properties: { code: { type: 'string', const: 'gone' } },
        },
        GoneOrLost: {
          oneOf: [schemaRef('GoneProblem'), schemaRef('LostProblem')],
          discriminator: {
            propertyName: 'code',
            mapping: {
              gone: '#/components/schemas/GoneProblem',
              lost: '#/components/schemas/LostProblem',
            },
          },
        },
      },
    },
  };
}

const item = (contract: Document) => contract.paths['/api/{user_id}/notes'];
const line = (contract: Document) => contract.components.schemas.Line.properties;
const union = (contract: Document) => contract.components.schemas.GoneOrLost;
/** Removes the items of `lines` from the examples of a note. */
const emptyNote = (contract: Document) => {
  const content = json(schemaRef('Note'), { text: 'Rain', lines: [] });
  contract.components.responses.NoteShown.content = content;
  contract.webhooks.noteWritten.post.requestBody.content = content;
};
/** Gives a schema of the contract another name. */
const rename = (from: string, to: string) => (contract: Document) => {
  const renamed = JSON.parse(
    JSON.stringify(contract).replaceAll(`"#/components/schemas/${from}"`, `"#/components/schemas/${to}"`),
  );
  renamed.components.schemas[to] = renamed.components.schemas[from];
  delete renamed.components.schemas[from];
  Object.assign(contract, renamed);
};
const logItem = (contract: Document) => contract.paths['/api/{user_id}/log'];
const rotation = (contract: Document) => contract.paths['/api/{user_id}/log/rotate'].post;
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
    'rule/operation-id-casing',
    'no operationId of a webhook',
    (it) => delete it.webhooks.noteWritten.post.operationId,
  ],
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
    (it) => delete it.components.responses.NoteShown.content['application/json'].example,
  ],
  ['rule/error-response', 'no 5XX', (it) => delete item(it).get.responses['5XX']],
  [
    'rule/error-response',
    'a default response',
    (it) => {
      item(it).get.responses.default = item(it).get.responses['200'];
    },
  ],
  ...['400', '405', '408', '422', '431'].map((status): [string, string, (contract: Document) => void] => [
    'rule/error-response',
    `an operation without ${status}`,
    (it) => delete item(it).get.responses[status],
  ]),
  ...['401', '403'].map((status): [string, string, (contract: Document) => void] => [
    'rule/lane-responses',
    `a lane's operation without ${status}`,
    (it) => delete item(it).get.responses[status],
  ]),
  ['rule/sdk-methods', "a lane's operation without a method", (it) => delete item(it).get['x-sdk']],
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
        headers: counted,
        content: json(schemaRef('Problem'), { code: 'no' }),
      };
    },
  ],
  [
    'contract/problem-responses',
    'an error without a body',
    (it) => {
      item(it).get.responses['404'] = { description: 'None.', headers: counted };
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
      logItem(it).get.responses['304'].content = json(schemaRef('Note'), note);
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
      schemas(it).LinePatch.properties.text = { type: 'string', maxLength: 9, default: 'Rain' };
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
  ['contract/idempotency-keys', 'a PATCH without a key', (it) => delete item(it).patch.parameters],
  ['contract/idempotency-keys', 'a POST without a key', (it) => delete rotation(it)['x-idempotent']],
  [
    'contract/idempotency-keys',
    'a key where repeating does no harm',
    (it) => {
      item(it).patch['x-idempotent'] = true;
    },
  ],
  [
    'contract/idempotency-keys',
    'a key of a DELETE',
    (it) => logItem(it).delete.parameters.push(header('Idempotency-Key')),
  ],
  [
    'contract/idempotency-keys',
    'a repeated reply that does not say so',
    (it) => {
      item(it).patch.responses['204'].headers = written;
    },
  ],
  [
    'contract/idempotency-keys',
    'no problem for a request that is still running',
    (it) => {
      schemas(it).InFlightProblem.properties.code = {};
    },
  ],
  [
    'contract/idempotency-keys',
    'no problem for a key of another request',
    (it) => {
      schemas(it).ReusedProblem.properties.code = {};
    },
  ],
  [
    'contract/entity-tags',
    'an entity without an ETag',
    (it) => delete it.components.responses.LogShown.headers.ETag,
  ],
  [
    'contract/entity-tags',
    'an ETag that may be missing',
    (it) => {
      it.components.responses.LogShown.headers = { ...counted, ETag: text };
    },
  ],
  [
    'contract/entity-tags',
    'a failed condition without an ETag',
    (it) => {
      it.components.responses.Changed.headers = counted;
    },
  ],
  ['contract/entity-tags', 'a GET without If-None-Match', (it) => delete logItem(it).get.parameters],
  ['contract/entity-tags', 'a GET without 304', (it) => delete logItem(it).get.responses['304']],
  [
    'contract/entity-tags',
    'If-None-Match for a list',
    (it) => item(it).get.parameters.push(header('If-None-Match')),
  ],
  ['contract/entity-tags', 'a change without If-Match', (it) => delete logItem(it).delete.parameters],
  ['contract/entity-tags', 'an action without If-Match', (it) => delete rotation(it).parameters],
  ...['412', '428'].map((status): [string, string, (contract: Document) => void] => [
    'contract/entity-tags',
    `an action without ${status}`,
    (it) => delete rotation(it).responses[status],
  ]),
  ...[
    { type: 'string' },
    { type: ['string', 'null'], pattern: '^[a-z]{2,}$' },
    { type: 'string', pattern: '^a+$' },
    { type: 'integer', format: 'int32', minimum: 1 },
    { type: 'number', format: 'double', maximum: 1 },
  ].map((schema): [string, string, (contract: Document) => void] => [
    'contract/bounded-requests',
    `a field of a request that is ${JSON.stringify(schema)}`,
    (it) => {
      schemas(it).LinePatch.properties.text = { ...schema, 'x-pattern-description': 'must be letters' };
    },
  ]),
  [
    'contract/bounded-requests',
    'a query parameter without a limit',
    (it) => delete item(it).get.parameters[1].schema.maximum,
  ],
  [
    'contract/bounded-requests',
    'an array of a request without a limit',
    (it) => delete schemas(it).NotePatch.properties.lines.maxItems,
  ],
  [
    'contract/portable-patterns',
    'a pattern that only one language reads',
    (it) => {
      schemas(it).Text.pattern = '^\\p{L}{1,9}$';
    },
  ],
  ['contract/operation-costs', 'an operation without a cost', (it) => delete item(it).get['x-cost']],
  [
    'contract/operation-costs',
    'a limited operation that costs nothing',
    (it) => {
      item(it).get['x-cost'] = { units: 0 };
    },
  ],
  [
    'contract/operation-costs',
    'a part of a unit',
    (it) => {
      item(it).get['x-cost'] = { units: 1.5 };
    },
  ],
  [
    'contract/operation-costs',
    'a cost of an operation that is not limited',
    (it) => delete item(it).get.responses['429'],
  ],
  [
    'contract/operation-costs',
    'a cost by a query parameter that is not there',
    (it) => {
      item(it).get['x-cost'].more[0].for = '/query/limit';
    },
  ],
  [
    'contract/operation-costs',
    'a cost by a field that is not there',
    (it) => {
      item(it).patch['x-cost'].more[0].for = '/body/line';
    },
  ],
  [
    'contract/operation-costs',
    'a sum with something that is no operation',
    (it) => {
      item(it).patch['x-cost'].more = [{ for: '/body/lines' }];
    },
  ],
  [
    'contract/batch-membership',
    'an operation that does not say whether a batch can contain it',
    (it) => delete item(it).get['x-batch'],
  ],
  [
    'contract/batch-membership',
    'an operation that no batch can contain',
    (it) => {
      item(it).get['x-batch'] = true;
    },
  ],
  [
    'contract/batch-membership',
    'an operation that a batch can contain',
    (it) => {
      schemas(it).LinePatch.properties.op = { type: 'string', const: 'clear_log' };
    },
  ],
  [
    'contract/created-location',
    'a 201 without Location',
    (it) => {
      rotation(it).responses['201'] = rotation(it).responses['200'];
    },
  ],
  [
    'contract/created-location',
    'a 201 with an optional Location',
    (it) => {
      const created = structuredClone(rotation(it).responses['200']);
      created.headers.Location = text;
      rotation(it).responses['201'] = created;
    },
  ],
  [
    'contract/deprecations',
    'a deprecated operation without a date',
    (it) => {
      item(it).get.deprecated = true;
    },
  ],
  ...[
    { date: '2027-02-30', link: '/docs' },
    { date: '2027-02-01' },
    { date: '2027-02-01', link: '/docs', sunset: '2027-01-31' },
    { date: '2027-02-01', link: '/docs', until: '2027-03-01' },
  ].map((deprecation): [string, string, (contract: Document) => void] => [
    'contract/deprecations',
    `a deprecation that is ${JSON.stringify(deprecation)}`,
    (it) => Object.assign(item(it).get, { deprecated: true, 'x-deprecation': deprecation }),
  ]),
  [
    'contract/deprecations',
    'the date of an operation that is not deprecated',
    (it) => {
      item(it).get['x-deprecation'] = { date: '2027-02-01', link: '/docs' };
    },
  ],
  [
    'contract/write-positions',
    'a write without Tasklane-Seq',
    (it) => delete logItem(it).delete.responses['204'].headers['Tasklane-Seq'],
  ],
  [
    'contract/write-positions',
    'a write without Tasklane-Request',
    (it) => delete logItem(it).delete.responses['204'].headers['Tasklane-Request'],
  ],
  [
    'contract/write-positions',
    'a write with an optional Tasklane-Seq',
    (it) => {
      rotation(it).responses['200'].headers['Tasklane-Seq'] = text;
    },
  ],
  [
    'contract/write-positions',
    'a read with Tasklane-Seq',
    (it) => {
      it.components.responses.NoteShown.headers = written;
    },
  ],
  [
    'contract/rate-limit-headers',
    'a success without RateLimit',
    (it) => delete it.components.responses.NoteShown.headers,
  ],
  [
    'contract/rate-limit-headers',
    'a problem without RateLimit-Policy',
    (it) => {
      it.components.responses.AnyProblem.headers = { RateLimit: text };
    },
  ],
  [
    'contract/nullable-secrets',
    'a secret that is never null',
    (it) => {
      schemas(it).Log.properties.key.type = 'string';
      const content = json(schemaRef('Log'), { ...log, key: 'a' });
      it.components.responses.LogShown.content = content;
      rotation(it).responses['200'].content = content;
    },
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
    'an optional field of a message to a webhook',
    (it) => {
      schemas(it).Sent = { type: 'object', properties: { text: schemaRef('Text') } };
      it.webhooks.noteWritten.post.requestBody.content = json(schemaRef('Sent'), { text: 'Rain' });
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
  [
    'contract/named-objects',
    'an object inside an object',
    (it) => {
      line(it).text = { type: 'object' };
      emptyNote(it);
    },
  ],
  [
    'contract/named-objects',
    'an object in a map',
    (it) => {
      schemas(it).Extra = { type: 'object', additionalProperties: { type: 'object' } };
      it.components.responses.NoteShown.headers = { ...counted, X: { schema: schemaRef('Extra') } };
    },
  ],
  [
    'contract/named-objects',
    'an object in a response',
    (it) => {
      it.components.responses.NoteShown.content = json({ type: 'object' }, {});
    },
  ],
  [
    'contract/discriminated-unions',
    'a union in a response',
    (it) => {
      const { content } = it.components.responses.AnyProblem;
      content['application/problem+json'].schema = { ...union(it) };
      delete schemas(it).GoneOrLost;
    },
  ],
  ['contract/discriminated-unions', 'a union without discriminator', (it) => delete union(it).discriminator],
  [
    'contract/discriminated-unions',
    'a discriminator without one of the members',
    (it) => {
      // In a header, so that no example is checked against it.
      const { oneOf, discriminator } = union(it);
      schemas(it).AnyKind = { oneOf: [...oneOf, schemaRef('ReusedProblem')], discriminator };
      it.components.responses.NoteShown.headers = { ...counted, X: { schema: schemaRef('AnyKind') } };
    },
  ],
  [
    'contract/discriminated-unions',
    'a union of unions',
    (it) => {
      schemas(it).AnyKind = {
        oneOf: [schemaRef('GoneOrLost'), schemaRef('ReusedProblem')],
        discriminator: {
          propertyName: 'code',
          mapping: {
            gone: '#/components/schemas/GoneOrLost',
            'idempotency-key-reused': '#/components/schemas/ReusedProblem',
          },
        },
      };
      it.components.responses.AnyProblem.content['application/problem+json'].schema = schemaRef('AnyKind');
    },
  ],
  [
    'contract/typed-values',
    'a const without a type',
    (it) => {
      schemas(it).LostProblem.properties.code = { const: 'lost' };
    },
  ],
  [
    'contract/typed-values',
    'an enum without a type',
    (it) => {
      line(it).text = { enum: ['Rain', 'again'] };
    },
  ],
  [
    'contract/typed-values',
    'a boolean const',
    (it) => {
      line(it).sure = { type: 'boolean', const: true };
      schemas(it).Line.required.push('sure');
      emptyNote(it);
    },
  ],
  [
    'contract/typed-values',
    'text or a boolean',
    (it) => {
      line(it).text = { type: ['string', 'boolean'] };
    },
  ],
  [
    'contract/nullable-values',
    'an enum with null',
    (it) => {
      line(it).text = { type: ['string', 'null'], enum: ['Rain', 'again', null] };
    },
  ],
  [
    'contract/nullable-values',
    'a schema that is only null',
    (it) => {
      schemas(it).Log.properties.key = { type: 'null', 'x-secret': true };
    },
  ],
  [
    'contract/number-formats',
    'an integer without a format',
    (it) => delete schemas(it).Versioned.properties.version.format,
  ],
  [
    'contract/number-formats',
    'an integer without a format in a parameter',
    (it) => delete item(it).get.parameters[1].schema.format,
  ],
  [
    'contract/one-body-schema',
    'another schema for another media type',
    (it) => {
      Object.assign(item(it).patch.requestBody.content, {
        'text/csv': { schema: { type: 'string', maxLength: 9 }, example: 'text' },
      });
    },
  ],
  [
    'contract/patch-without-defaults',
    'a default in a change that another schema contains',
    (it) => {
      schemas(it).TextPatch = {
        type: 'object',
        required: ['text'],
        properties: { text: { type: 'string', default: 'Rain' } },
      };
      schemas(it).Note.properties.lines.items = schemaRef('TextPatch');
      delete schemas(it).Line;
    },
  ],
  ['contract/component-names', 'a global of JavaScript', rename('Line', 'Map')],
  ['contract/component-names', 'a helper of generated clients', rename('Line', 'Configuration')],
  ['contract/component-names', 'a constructor in Go', rename('Line', 'NewNote')],
  ['contract/component-names', 'a wrapper in Go', rename('Line', 'NullableNote')],
  ['contract/component-names', 'a part of a schema', rename('Line', 'NoteAllOf')],
  ['contract/component-names', 'the parameters of an operation', rename('Line', 'ListNotesParams')],
  ['contract/component-names', 'an operation', rename('Line', 'ListNotes')],
  ['contract/component-names', 'a response', rename('Line', 'NoteShown')],
];

/** Lints contracts with the project's rules in one run; returns the ids of the broken rules for each. */
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
      // A copy in which no two parts are the same object.
      const contract = JSON.parse(JSON.stringify(validContract()));
      violate(contract);
      return contract;
    });
    broken = await lint([validContract(), ...violating]);
  }, 60_000);

  test('accept a valid contract', () => {
    expect(broken[0]).toEqual([]);
  });

  test.each(violations.map(([rule, what], index) => ({ rule, what, index })))(
    '$rule finds $what',
    ({ rule, index }) => {
      expect(broken[index + 1]).toEqual([rule]);
    },
  );

  test('every rule of the project has a case', () => {
    const [, rules = ''] = readFileSync(projectPath('redocly.yaml'), 'utf8').split(/^rules:$/m);
    const added = [...rules.matchAll(/^ {2}([\w/-]+):(?! off)/gm)].map(([, rule = '']) => rule);
    const covered = new Set(violations.map(([rule]) => rule));
    expect(added.filter((rule) => !covered.has(rule))).toEqual([]);
    expect(added).toContain('rule/lane-responses');
  });

  test('find neither errors nor warnings in the contract', async () => {
    const { code, stdout } = await redocly(['lint', '--format=github-actions'], projectPath());
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: '' });
  });
});
