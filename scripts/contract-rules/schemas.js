const singleKeywords = [
  'items',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'propertyNames',
  'contains',
  'contentSchema',
  'not',
  'if',
  'then',
  'else',
];
const listKeywords = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const mapKeywords = ['properties', 'patternProperties', 'dependentSchemas', '$defs'];

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

const componentPointer = /^#\/(?:components\/\w+\/)?([^/]+)$/;

/**
 * The name of the component at a location; undefined for an inline part of the contract. In a contract of several files
 * a component is at the top of its file.
 */
function componentName({ pointer }) {
  return componentPointer.exec(pointer)?.[1];
}

/** Whether a schema describes an object. */
function describesObject({ type, properties }) {
  return properties !== undefined || [type].flat().includes('object');
}

/** The schemas directly below a schema: `{node, location}`. */
function childSchemas({ node, location }) {
  const single = singleKeywords.map((keyword) => [node[keyword], location.child(keyword)]);
  const listed = listKeywords.flatMap((keyword) =>
    (node[keyword] ?? []).map((child, index) => [child, location.child([keyword, index])]),
  );
  const mapped = mapKeywords.flatMap((keyword) =>
    Object.entries(node[keyword] ?? {}).map(([name, child]) => [child, location.child([keyword, name])]),
  );
  return [...single, ...listed, ...mapped]
    .filter(([child]) => isObject(child))
    .map(([child, at]) => ({ node: child, location: at }));
}

/** The schema that `$ref` refers to; undefined without `$ref`. In OpenAPI 3.1 a schema may have keywords beside `$ref`. */
function referredSchema({ node, location }, context) {
  if (node.$ref === undefined) return undefined;
  const target = context.resolve(node, location.source.absoluteRef);
  return isObject(target.node) ? target : undefined;
}

/** Every schema at and below `root`, through references, each once: `{node, location}`. */
function reachableSchemas(root, context) {
  const found = new Map();
  const waiting = [root];
  while (waiting.length > 0) {
    const schema = waiting.pop();
    if (!isObject(schema.node) || found.has(schema.node)) continue;
    found.set(schema.node, schema);
    waiting.push(...childSchemas(schema));
    const referred = referredSchema(schema, context);
    if (referred) waiting.push(referred);
  }
  return [...found.values()];
}

/** The schemas that apply together: the schema itself, its `$ref`, and the members of `allOf`. */
function combinedSchemas(root, context) {
  const found = new Map();
  const waiting = [root];
  while (waiting.length > 0) {
    const schema = waiting.pop();
    if (!isObject(schema.node) || found.has(schema.node)) continue;
    found.set(schema.node, schema);
    const referred = referredSchema(schema, context);
    if (referred) waiting.push(referred);
    const members = schema.node.allOf ?? [];
    waiting.push(
      ...members.map((node, index) => ({ node, location: schema.location.child(['allOf', index]) })),
    );
  }
  return [...found.values()];
}

/** The object behind a possible `$ref`, with its location. */
function dereference(node, location, context) {
  return node?.$ref === undefined ? { node, location } : context.resolve(node, location.source.absoluteRef);
}

/** The schemas of a request body or response, one for each media type with a schema. */
function contentSchemas({ node, location }) {
  return Object.entries(node?.content ?? {})
    .filter(([, media]) => isObject(media?.schema))
    .map(([type, media]) => ({ node: media.schema, location: location.child(['content', type, 'schema']) }));
}

module.exports = {
  combinedSchemas,
  componentName,
  contentSchemas,
  dereference,
  describesObject,
  reachableSchemas,
};
