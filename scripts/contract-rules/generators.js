/** Rules that keep the contract fit for generators of clients. Each stands for a defect that a generator showed. */
const { componentName, dereference, describesObject } = require('./schemas.js');

const typesOf = ({ type }) => (type === undefined ? [] : [type].flat());
const membersOf = ({ oneOf, anyOf }) => oneOf ?? anyOf;
const isNullType = ({ type }) => type === 'null';

/** Whether a union says that a named schema can be null. */
function isNullableReference(members) {
  return members.length === 2 && members.some(({ $ref }) => $ref !== undefined) && members.some(isNullType);
}

/** Generators invent a name for an object without one, and change it when the contract grows. */
function namedObjects() {
  return {
    Schema(schema, { location, report }) {
      const [owner] = location.pointer.split('/allOf/');
      const isMap = schema.properties === undefined && typeof schema.additionalProperties === 'object';
      if (componentName({ pointer: owner }) !== undefined || isMap) return;
      if (!describesObject(schema) && schema.allOf === undefined) return;
      report({ message: 'An object must be a component, so that it has a name.', location });
    },
  };
}

/** Generators make a union of classes only if it has a name and a discriminator, and if its members are components. */
function discriminatedUnions() {
  return {
    Schema(schema, context) {
      const members = membersOf(schema);
      if (members === undefined || isNullableReference(members)) return;
      const mapped = Object.values(schema.discriminator?.mapping ?? {});
      const isUnion = (member) =>
        membersOf(dereference(member, context.location, context).node ?? {}) !== undefined;
      const expectations = [
        [
          'A union must be a component, so that it has a name.',
          componentName(context.location) !== undefined,
        ],
        [
          'The discriminator of a union must map to each of its members.',
          mapped.length > 0 && members.every(({ $ref }) => mapped.includes($ref)),
        ],
        ['A union must not be a member of another union.', !members.some(isUnion)],
      ];
      for (const [message, holds] of expectations) {
        if (!holds) context.report({ message, location: context.location });
      }
    },
  };
}

/** Code generators take the type of a constant from its `type`. Few of them support constants that are not strings. */
function typedValues() {
  return {
    Schema(schema, { location, report }) {
      const types = typesOf(schema).filter((type) => type !== 'null');
      const hasValues = schema.const !== undefined || schema.enum !== undefined;
      if (hasValues && types.length === 0) {
        report({ message: 'A schema with const or enum must have a type.', location });
      }
      if (typeof schema.const === 'boolean') {
        report({ message: 'A const must not be a boolean.', location: location.child('const') });
      }
      if (types.length > 1) {
        report({
          message: 'A schema must have one type, or one type and null.',
          location: location.child('type'),
        });
      }
    },
  };
}

/** Generators support null in an array of types, and beside a reference, and nowhere else. */
function nullableValues() {
  return {
    Schema(schema, { location, report }) {
      if (schema.enum?.includes(null)) {
        const message = 'An enum must not contain null: use oneOf with a named enum and null.';
        report({ message, location: location.child('enum') });
      }
      if (typesOf(schema).every((type) => type === 'null') && schema.type !== undefined) {
        if (/\/(oneOf|anyOf)\/\d+$/.test(location.pointer)) return;
        report({ message: 'The type of a schema must not be only null.', location: location.child('type') });
      }
    },
  };
}

/** Without a format, generators choose 32 bits for some languages, and floating point for others. */
function numberFormats() {
  return {
    Schema(schema, { location, report }) {
      if (schema.format !== undefined) return;
      if (!typesOf(schema).some((type) => type === 'integer' || type === 'number')) return;
      report({ message: 'A number must have a format.', location });
    },
  };
}

/** Code generators create one method for each operation, for the first media type only. */
function oneBodySchema() {
  return {
    RequestBody({ content = {} }, context) {
      const schemas = Object.values(content).map(
        ({ schema = {} }) => dereference(schema, context.location, context).node,
      );
      if (new Set(schemas).size < 2) return;
      const message =
        'All media types of a request body must refer to one schema; other formats are other operations.';
      context.report({ message, location: context.location });
    },
  };
}

// Names that generated clients use themselves, and types of the languages. Those of JavaScript are added below.
const helpers = [
  ...['ApiClient', 'ApiError', 'ApiException', 'ApiResponse', 'AuthenticatedClient', 'BaseModel', 'Client'],
  ...[
    'ClientOptions',
    'Config',
    'Configuration',
    'JSON',
    'Model',
    'Options',
    'RequestOptions',
    'Schema',
    'Unset',
  ],
  ...[
    'Any',
    'Boolean',
    'Byte',
    'Character',
    'Class',
    'Dict',
    'Document',
    'Double',
    'Element',
    'Enum',
    'Exception',
  ],
  ...[
    'File',
    'Float',
    'Integer',
    'List',
    'Literal',
    'Location',
    'Long',
    'Module',
    'Node',
    'None',
    'Number',
    'Object',
  ],
  ...[
    'Optional',
    'Package',
    'Record',
    'Runtime',
    'Short',
    'Thread',
    'Time',
    'Tuple',
    'Type',
    'Union',
    'Void',
  ],
];
const reserved = new Set([...helpers, ...Object.getOwnPropertyNames(globalThis)]);

// What generators add to the names of schemas and operations.
const schemaSuffixes = /(AllOf|AnyOf|OneOf|Inner)\d*$/;
const operationSuffixes = [
  ...['', 'Body', 'Data', 'Default', 'Error', 'Errors', 'JSONBody', 'JSONRequestBody', 'Options', 'Params'],
  ...['PathParams', 'QueryParams', 'Req', 'Request', 'Res', 'Response', 'Responses', 'Result', 'Variables'],
];

function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Why a generator cannot use the name of a schema; undefined if it can. */
function problemOfName(name, { models, operationIds }) {
  if (reserved.has(name)) return 'a name of a language or of a generated client';
  if (schemaSuffixes.test(name)) return 'a name that generators make for parts of schemas';
  const derived = ['New', 'Nullable'].find(
    (prefix) => name.startsWith(prefix) && models.has(name.slice(prefix.length)),
  );
  if (derived) return `a name that generators make of ${name.slice(derived.length)}`;
  const operation = operationIds.find((id) =>
    operationSuffixes.some((suffix) => name === capitalized(id) + suffix),
  );
  return operation && `a name that generators make of ${operation}`;
}

/** The names of components differ from each other, and from the names that generators add. */
function componentNames() {
  const names = [];
  const operationIds = [];
  const collect = (kind) => (node, context) => {
    const name = componentName(context.location);
    if (name !== undefined) names.push({ kind, name, node, context, location: context.location });
  };
  const report = ({ context, location }, message) => context.report({ message, location });
  return {
    Operation({ operationId }) {
      if (operationId !== undefined) operationIds.push(operationId);
    },
    Schema: collect('schema'),
    Response: collect('response'),
    Parameter: collect('parameter'),
    Header: collect('header'),
    RequestBody: collect('request body'),
    Root: {
      leave() {
        const seen = new Map();
        for (const each of names) {
          const other = seen.get(each.name.toLowerCase());
          if (other) report(each, `${each.name} is also the name of a ${other.kind}.`);
          seen.set(each.name.toLowerCase(), each);
        }
        const schemas = names.filter(({ kind }) => kind === 'schema');
        const isModel = ({ node }) =>
          describesObject(node) || ['allOf', 'anyOf', 'enum', 'oneOf'].some((keyword) => node[keyword]);
        const models = new Set(schemas.filter(isModel).map(({ name }) => name));
        for (const each of schemas) {
          const problem = problemOfName(each.name, { models, operationIds });
          if (problem) report(each, `${each.name} is ${problem}.`);
        }
      },
    },
  };
}

module.exports = {
  'component-names': componentNames,
  'discriminated-unions': discriminatedUnions,
  'named-objects': namedObjects,
  'nullable-values': nullableValues,
  'number-formats': numberFormats,
  'one-body-schema': oneBodySchema,
  'typed-values': typedValues,
};
