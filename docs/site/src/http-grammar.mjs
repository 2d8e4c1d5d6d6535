/** The colours of the examples of the guides: requests with a body on the same line, and `→` before the answer. */
export const http = {
  name: 'http',
  scopeName: 'source.tasklane.http',
  patterns: [
    {
      match: '^([A-Z]+) (\\S+)',
      captures: { 1: { name: 'keyword.control' }, 2: { name: 'string.unquoted' } },
    },
    {
      match: '^(→) (\\d{3})',
      captures: { 1: { name: 'comment' }, 2: { name: 'constant.numeric' } },
    },
    { match: '^([\\w-]+)(:) (.*)$', captures: { 1: { name: 'entity.name.tag' } } },
    { match: ' (as) (\\$\\w+)', captures: { 1: { name: 'keyword.control' }, 2: { name: 'variable' } } },
    { match: '("[^"]*")(?=\\s*:)', name: 'support.type.property-name' },
    { match: '"(?:[^"\\\\]|\\\\.)*"', name: 'string.quoted.double' },
    { match: '\\b(?:true|false|null)\\b', name: 'constant.language' },
    { match: '\\b\\d+(?:\\.\\d+)?\\b', name: 'constant.numeric' },
  ],
};
