import { judge, spectral } from '../../scripts/spectral';

const contract = {
  openapi: '3.1.0',
  info: { title: 'Notes', version: '1.0.0' },
  servers: [{ url: 'http://notes.example.com' }],
  paths: {
    '/notes/{id}': {
      get: {
        operationId: 'getNote',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
        responses: { '200': { description: 'The note.' } },
      },
    },
  },
};

test('finds what breaks rules for OpenAPI and for security', async () => {
  const findings = await spectral(JSON.stringify(contract));
  const get = '#/paths/~1notes~1{id}/get';
  expect(findings).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ rule: 'operation-description', at: get }),
      expect.objectContaining({ rule: 'owasp:api1:2023-no-numeric-ids', at: `${get}/parameters/0/schema` }),
      expect.objectContaining({ rule: 'owasp:api8:2023-no-server-http', at: '#/servers/0/url' }),
    ]),
  );
});

test('reports findings without an exception, and exceptions without a finding', () => {
  const found = (rule: string, at: string) => ({ rule, at, message: 'is wrong' });
  const findings = [
    found('a', '#/info'),
    found('a', '#/paths/x'),
    found('b', '#/info'),
    found('c', '#/info'),
  ];
  const exceptions = [
    { rule: 'a', at: /^#\/paths\//, reason: 'Only there.' },
    { rule: 'b', reason: 'Nowhere.' },
    { rule: 'b', at: /^#\/paths\//, reason: 'Not needed.' },
    { rule: 'd', reason: 'Not needed.' },
  ];
  expect(judge(findings, exceptions)).toEqual({
    broken: [found('a', '#/info'), found('c', '#/info')],
    unneeded: exceptions.slice(2),
  });
});
