const { combinedSchemas, contentSchemas, dereference, reachableSchemas } = require('./schemas.js');

const problemType = 'application/problem+json';
// In the file of its own, or in a document that is one file.
const problemPointer = /(^#|\/schemas)\/Problem$/;

function isProblem(schema, context) {
  const combined = combinedSchemas(schema, context);
  if (combined.some(({ location }) => problemPointer.test(location.pointer))) return true;
  return combined.some(({ node, location }) => {
    const alternatives = node.oneOf ?? [];
    return (
      alternatives.length > 0 &&
      alternatives.every((alternative, index) =>
        isProblem({ node: alternative, location: location.child(['oneOf', index]) }, context),
      )
    );
  });
}

/** Whether this describes what the service sends to a webhook, and what that answers. */
function isSent(context) {
  const { source, pointer } = context.location;
  // In the file of its own, or in a document that is one file.
  return (
    source.absoluteRef.endsWith('openapi/webhooks.yaml') ||
    (pointer.startsWith('#/webhooks/') && !source.absoluteRef.includes('/paths/'))
  );
}

/** Responses outside 2xx: an error is `application/problem+json` on the schema Problem, anything else has no body. */
function problemResponses() {
  return {
    Responses(responses, context) {
      if (isSent(context)) return;
      for (const [status, response] of Object.entries(responses)) {
        if (!/^[1345]/.test(status)) continue;
        const { node, location } = dereference(response, context.location.child(status), context);
        const types = Object.keys(node?.content ?? {});
        const isError = /^[45]/.test(status);
        if (types.length !== (isError ? 1 : 0) || types.some((type) => type !== problemType)) {
          context.report({
            message: isError ? `${status} is ${problemType} and nothing else.` : `${status} has no body.`,
            location: context.location.child(status),
          });
        } else if (isError && !contentSchemas({ node, location }).some((each) => isProblem(each, context))) {
          context.report({
            message: `${status} has a schema that is built on Problem.`,
            location: context.location.child(status),
          });
        }
      }
    },
  };
}

/** A default in a patch would write a field that the patch does not name (RFC 7396). */
function patchWithoutDefaults() {
  return {
    PathItem(item, context) {
      if (!item.patch?.requestBody) return;
      const at = context.location.child(['patch', 'requestBody']);
      for (const schema of contentSchemas(dereference(item.patch.requestBody, at, context))) {
        for (const { node, location } of reachableSchemas(schema, context)) {
          if (node.default === undefined) continue;
          context.report({
            message: 'A schema that a PATCH body uses has no default.',
            location: location.child('default'),
          });
        }
      }
    },
  };
}

/** Surplus fields are misspellings, and refused. */
function closedRequestBodies() {
  return {
    RequestBody(body, context) {
      if (isSent(context)) return;
      for (const schema of contentSchemas({ node: body, location: context.location })) {
        for (const { node, location } of reachableSchemas(schema, context)) {
          const describesObject = node.properties !== undefined || [node.type].flat().includes('object');
          if (!describesObject || node.additionalProperties === false) continue;
          context.report({
            message: 'An object in a request body has additionalProperties: false.',
            location,
          });
        }
      }
    },
  };
}

/** What a request repeats has a bound: the checks of requests stop at it. */
function boundedRequestArrays() {
  const check = (roots, context) => {
    if (isSent(context)) return;
    for (const { node, location } of roots.flatMap((root) => reachableSchemas(root, context))) {
      if (![node.type].flat().includes('array') || node.maxItems !== undefined) continue;
      context.report({ message: 'An array in a request has maxItems.', location });
    }
  };
  return {
    RequestBody(node, context) {
      check(contentSchemas({ node, location: context.location }), context);
    },
    Parameter({ schema: node }, context) {
      if (node) check([{ node, location: context.location.child('schema') }], context);
    },
  };
}

/** Clients in other languages compile the patterns too: Unicode properties are not in all of them. */
function portablePatterns() {
  return {
    Schema(schema, context) {
      if (!/\\p\{/i.test(schema.pattern ?? '')) return;
      const location = context.location.child('pattern');
      context.report({ message: 'A pattern has no Unicode property (\\p{…}).', location });
    },
  };
}

/** Whoever gets it need not ask whether a field is there: what can be empty is null. */
function requiredResponseFields() {
  const check = (node, context) => {
    for (const root of contentSchemas({ node, location: context.location })) {
      for (const schema of reachableSchemas(root, context)) {
        const required = combinedSchemas(schema, context).flatMap(({ node }) => node.required ?? []);
        for (const name of Object.keys(schema.node.properties ?? {})) {
          if (required.includes(name)) continue;
          context.report({
            message: `A response requires all its fields; ${name} is optional.`,
            location: schema.location.child(['properties', name]),
          });
        }
      }
    }
  };
  return {
    Response: check,
    RequestBody(body, context) {
      if (isSent(context)) check(body, context);
    },
  };
}

const onLane = /^\/api\/\{user_id\}(\/|$)/;
const methods = ['get', 'put', 'post', 'patch', 'delete'];

function takesHeader(item, operation, name, context) {
  return [...(item.parameters ?? []), ...(operation.parameters ?? [])].some((each) => {
    const { node } = dereference(each, context.location, context);
    return node.in === 'header' && node.name === name;
  });
}

/** The responses of an operation: `{status, node, location}`. */
function responsesOf(operation, location, context) {
  return Object.entries(operation.responses ?? {}).map(([status, response]) => ({
    status,
    ...dereference(response, location.child(['responses', status]), context),
  }));
}

function answersWith(responses, status, code, context) {
  const response = responses.find((each) => each.status === status);
  if (!response) return false;
  const schemas = contentSchemas(response).flatMap((each) => reachableSchemas(each, context));
  return schemas.some(({ node }) => node.properties?.code?.const === code);
}

/** Reports what of an operation does not hold, each `[what must hold, whether it does]`. */
function reportBroken(context, location, expectations) {
  for (const [message, holds] of expectations) if (!holds) context.report({ message, location });
}

/** Clients repeat requests of whose answer they know nothing: what would then be done twice takes a key. */
function idempotencyKeys() {
  return {
    PathItem(item, context) {
      if (!onLane.test(context.key)) return;
      for (const method of methods.filter((each) => item[each])) {
        const operation = item[method];
        const location = context.location.child(method);
        const takesKey = takesHeader(item, operation, 'Idempotency-Key', context);
        const needsKey = ['post', 'patch'].includes(method) && operation['x-idempotent'] !== true;
        if (takesKey !== needsKey) {
          const message =
            'A POST or PATCH on a lane takes Idempotency-Key, or says x-idempotent: true; nothing else takes one.';
          context.report({ message, location });
        } else if (takesKey) {
          const responses = responsesOf(operation, location, context);
          const successes = responses.filter(({ status }) => /^2/.test(status));
          const replayed = successes.every(({ node }) => node.headers?.['Idempotency-Replayed']);
          reportBroken(context, location, [
            ['What takes Idempotency-Key answers 2xx with Idempotency-Replayed.', replayed],
            [
              'What takes Idempotency-Key answers 409 with request-in-flight.',
              answersWith(responses, '409', 'request-in-flight', context),
            ],
            [
              'What takes Idempotency-Key answers 422 with idempotency-key-reused.',
              answersWith(responses, '422', 'idempotency-key-reused', context),
            ],
          ]);
        }
      }
    },
  };
}

/** Whether a response shows an entity: what has a version, and a time when that was made. */
function showsEntity(response, context) {
  return contentSchemas(response).some((schema) => {
    const names = combinedSchemas(schema, context).flatMap(({ node }) => Object.keys(node.properties ?? {}));
    return names.includes('version') && names.includes('updated_at');
  });
}

function hasEntityTag({ node, location }, context) {
  const header = node.headers?.ETag;
  return header !== undefined && dereference(header, location, context).node.required === true;
}

/** An entity has an ETag wherever it is shown, is got only if it is new, and changed only if it is still the same. */
function entityTags() {
  return {
    PathItem(item, context) {
      if (!onLane.test(context.key)) return;
      const of = (method) => responsesOf(item[method], context.location.child(method), context);
      const shows = (method) =>
        of(method).some((each) => each.status === '200' && showsEntity(each, context));
      const isEntity = item.get !== undefined && shows('get');
      for (const method of methods.filter((each) => item[each])) {
        const responses = of(method);
        const tagged = responses.filter(
          (each) =>
            ['304', '412'].includes(each.status) || (/^2/.test(each.status) && showsEntity(each, context)),
        );
        const location = context.location.child(method);
        const has = (...statuses) =>
          statuses.every((status) => responses.some((each) => each.status === status));
        const takes = (header) => takesHeader(item, item[method], header, context);
        const got = method === 'get' && isEntity;
        const changed = method !== 'get' && (shows(method) || (isEntity && method !== 'post'));
        reportBroken(context, location, [
          [
            'What shows an entity, 304 and 412 have a required ETag.',
            tagged.every((each) => hasEntityTag(each, context)),
          ],
          [
            'What gets an entity, and only that, takes If-None-Match and answers 304.',
            takes('If-None-Match') === got && has('304') === got,
          ],
          [
            'What changes an entity, and only that, takes If-Match and answers 412 and 428.',
            takes('If-Match') === changed && has('412') === changed && has('428') === changed,
          ],
        ]);
      }
    },
  };
}

/** A secret is shown once; where its reply is repeated it is null. */
function nullableSecrets() {
  return {
    Schema(schema, context) {
      if (schema['x-secret'] !== true || [schema.type].flat().includes('null')) return;
      context.report({ message: 'A secret may be null.', location: context.location });
    },
  };
}

function isUnits(value, least) {
  return Number.isInteger(value) && value >= least;
}

const camelCase = (name) => name.replace(/_(.)/g, (_match, letter) => letter.toUpperCase());

/** The fields of an operation's request body, by their names: `{node, location}`. */
function bodyFields(operation, location, context) {
  const body = dereference(operation.requestBody, location.child('requestBody'), context);
  const schemas = contentSchemas(body).flatMap((each) => combinedSchemas(each, context));
  const fields = schemas.flatMap(({ node, location: at }) =>
    Object.entries(node.properties ?? {}).map(([name, field]) => [
      name,
      { node: field, location: at.child(['properties', name]) },
    ]),
  );
  return new Map(fields);
}

/** Whether a list of a body holds operations (`op`), each of which has the name of one of the contract's. */
function holdsOperations(list, ids, context) {
  const names = reachableSchemas(list, context).flatMap(({ node }) =>
    node.properties?.op?.const === undefined ? [] : [node.properties.op.const],
  );
  return names.length > 0 && names.every((name) => ids.has(camelCase(name)));
}

/** Whether an entry of `x-cost.more` names a part of the request, and says what it adds. */
function isSurcharge({ for: pointer, every, units, ...others }, operation, parts, context) {
  if (typeof pointer !== 'string' || Object.keys(others).length > 0) return false;
  if (every !== undefined && !isUnits(every, 1)) return false;
  const [, place, name, ...rest] = pointer.split('/');
  if (rest.length > 0) return false;
  if (place === 'query') return parts.query.has(name) && isUnits(units, 1);
  if (place !== 'body' || operation.requestBody === undefined) return false;
  if (name === undefined) return isUnits(units, 1);
  const field = parts.fields.get(name);
  if (field === undefined) return false;
  return units === undefined
    ? every === undefined && holdsOperations(field, parts.ids, context)
    : isUnits(units, 1);
}

/** Every operation says what it costs: at least one unit of the rate limit where it can answer 429, otherwise none. */
function operationCosts() {
  return {
    Paths(paths, context) {
      const items = Object.entries(paths).map(([path, item]) =>
        dereference(item, context.location.child(path), context),
      );
      const operations = items.flatMap(({ node: item, location }) =>
        methods
          .filter((method) => item[method])
          .map((method) => ({ item, operation: item[method], location: location.child(method) })),
      );
      const ids = new Set(operations.map(({ operation }) => operation.operationId));
      for (const { item, operation, location } of operations) {
        const { units, more = [], ...others } = operation['x-cost'] ?? {};
        const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(
          (each) => dereference(each, location, context).node,
        );
        const query = new Set(parameters.filter((each) => each.in === 'query').map((each) => each.name));
        const parts = { ids, query, fields: bodyFields(operation, location, context) };
        const isLimited = operation.responses?.['429'] !== undefined;
        reportBroken(context, location, [
          [
            'An operation has x-cost with units: 1 or more if it answers 429, else 0.',
            isLimited ? isUnits(units, 1) : units === 0,
          ],
          [
            'x-cost has units, and in more: for (a query parameter, the body or a field of it), every and units.',
            Object.keys(others).length === 0 &&
              (isLimited || more.length === 0) &&
              more.every((each) => isSurcharge(each, operation, parts, context)),
          ],
        ]);
      }
    },
  };
}

/** The rules of the contract that Redocly's own rules and assertions in redocly.yaml cannot say. */
module.exports = function contractRules() {
  return {
    id: 'contract',
    rules: {
      oas3: {
        'bounded-request-arrays': boundedRequestArrays,
        'closed-request-bodies': closedRequestBodies,
        'entity-tags': entityTags,
        'idempotency-keys': idempotencyKeys,
        'nullable-secrets': nullableSecrets,
        'operation-costs': operationCosts,
        'patch-without-defaults': patchWithoutDefaults,
        'portable-patterns': portablePatterns,
        'problem-responses': problemResponses,
        'required-response-fields': requiredResponseFields,
      },
    },
  };
};
