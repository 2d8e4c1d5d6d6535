const generatorRules = require('./generators.js');
const {
  combinedSchemas,
  componentName,
  contentSchemas,
  dereference,
  describesObject,
  reachableSchemas,
} = require('./schemas.js');

const problemType = 'application/problem+json';
// `#/Problem` in a contract of several files, `#/components/schemas/Problem` in a bundle.
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

/** Whether the location is in the contract of webhooks: what the service sends, and what receivers answer. */
function isWebhook(context) {
  const { source, pointer } = context.location;
  // The first form is in a contract of several files, the second in a bundle.
  return (
    source.absoluteRef.endsWith('openapi/webhooks.yaml') ||
    (pointer.startsWith('#/webhooks/') && !source.absoluteRef.includes('/paths/'))
  );
}

/** Responses outside 2xx: 4xx and 5xx have `application/problem+json` based on the schema Problem, others have no body. */
function problemResponses() {
  return {
    Responses(responses, context) {
      if (isWebhook(context)) return;
      for (const [status, response] of Object.entries(responses)) {
        if (!/^[1345]/.test(status)) continue;
        const { node, location } = dereference(response, context.location.child(status), context);
        const types = Object.keys(node?.content ?? {});
        const isError = /^[45]/.test(status);
        if (types.length !== (isError ? 1 : 0) || types.some((type) => type !== problemType)) {
          context.report({
            message: isError
              ? `${status} must have the media type ${problemType} and no other.`
              : `${status} must not have a body.`,
            location: context.location.child(status),
          });
        } else if (isError && !contentSchemas({ node, location }).some((each) => isProblem(each, context))) {
          context.report({
            message: `${status} must have a schema that is based on Problem.`,
            location: context.location.child(status),
          });
        }
      }
    },
  };
}

/** A default in the body of a change would write a field that the request does not contain (RFC 7396). */
function patchWithoutDefaults() {
  const check = (root, context) => {
    for (const { node, location } of reachableSchemas(root, context)) {
      if (node.default === undefined) continue;
      context.report({
        message:
          'A schema in a PATCH body, or in a schema whose name ends in Patch, must not have a default.',
        location: location.child('default'),
      });
    }
  };
  return {
    PathItem(item, context) {
      if (!item.patch?.requestBody) return;
      const at = context.location.child(['patch', 'requestBody']);
      const schemas = contentSchemas(dereference(item.patch.requestBody, at, context));
      for (const schema of schemas) check(schema, context);
    },
    // A batch contains changes, too.
    Schema(node, context) {
      const { location } = context;
      if (componentName(location)?.endsWith('Patch')) check({ node, location }, context);
    },
  };
}

/** Unknown fields in a request are probably misspelled, and refused. */
function closedRequestBodies() {
  return {
    RequestBody(body, context) {
      if (isWebhook(context)) return;
      for (const schema of contentSchemas({ node: body, location: context.location })) {
        for (const { node, location } of reachableSchemas(schema, context)) {
          if (!describesObject(node) || node.additionalProperties === false) continue;
          context.report({
            message: 'An object in a request body must have additionalProperties: false.',
            location,
          });
        }
      }
    },
  };
}

const hasType = ({ type }, ...names) => [type].flat().some((each) => names.includes(each));

/** Whether a pattern limits the length of the text: it has no quantifier without a maximum. */
function limitsLength(pattern = '*') {
  const withoutClasses = pattern.replace(/\\.|\[(?:\\.|[^\]])*\]/g, 'x');
  return !/[*+]|\{\d+,\}/.test(withoutClasses);
}

/** What a schema lacks to limit its values; null if nothing. */
function missingLimit(schema) {
  if (hasType(schema, 'array') && schema.maxItems === undefined)
    return 'An array in a request must have maxItems.';
  if (schema.enum !== undefined || schema.const !== undefined) return null;
  if (hasType(schema, 'string') && schema.maxLength === undefined && !limitsLength(schema.pattern)) {
    return 'A string in a request must have maxLength, enum, const, or a pattern that limits its length.';
  }
  if (
    hasType(schema, 'integer', 'number') &&
    (schema.minimum === undefined || schema.maximum === undefined)
  ) {
    return 'A number in a request must have minimum and maximum.';
  }
  return null;
}

/** The parts of requests have limits, which bound time and memory. Spooled bodies have a limit in bytes. */
function boundedRequests() {
  const check = (roots, context) => {
    if (isWebhook(context)) return;
    for (const { node, location } of roots.flatMap((root) => reachableSchemas(root, context))) {
      const message = missingLimit(node);
      if (message !== null) context.report({ message, location });
    }
  };
  return {
    RequestBody(node, context) {
      const roots = contentSchemas({ node, location: context.location });
      check(
        node['x-spooled'] === true ? roots.filter((root) => root.node.type !== 'string') : roots,
        context,
      );
    },
    Parameter({ in: part, schema: node }, context) {
      if (node && part === 'query') check([{ node, location: context.location.child('schema') }], context);
    },
  };
}

/** Clients in other languages compile the patterns too, and not all languages support Unicode properties. */
function portablePatterns() {
  return {
    Schema(schema, context) {
      if (!/\\p\{/i.test(schema.pattern ?? '')) return;
      const location = context.location.child('pattern');
      context.report({ message: 'A pattern must not use Unicode properties (\\p{…}).', location });
    },
  };
}

/** Responses contain all fields, so that clients need no check; a field without a value is null. */
function requiredResponseFields() {
  const check = (node, context) => {
    for (const root of contentSchemas({ node, location: context.location })) {
      for (const schema of reachableSchemas(root, context)) {
        const required = combinedSchemas(schema, context).flatMap(({ node }) => node.required ?? []);
        for (const name of Object.keys(schema.node.properties ?? {})) {
          if (required.includes(name)) continue;
          context.report({
            message: `All fields of a response must be required; ${name} is optional.`,
            location: schema.location.child(['properties', name]),
          });
        }
      }
    }
  };
  return {
    Response: check,
    RequestBody(body, context) {
      if (isWebhook(context)) check(body, context);
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

/** Reports each expectation that is not met; an expectation is `[message, isMet]`. */
function reportBroken(context, location, expectations) {
  for (const [message, holds] of expectations) if (!holds) context.report({ message, location });
}

/** Clients send a request again if they got no response. A request that would then take effect twice needs a key. */
function idempotencyKeys() {
  return {
    PathItem(item, context) {
      if (!onLane.test(context.key)) return;
      for (const method of methods.filter((each) => item[each])) {
        const operation = item[method];
        const location = context.location.child(method);
        const takesKey = takesHeader(item, operation, 'Idempotency-Key', context);
        const needsKey = ['post', 'put', 'patch'].includes(method) && operation['x-idempotent'] !== true;
        if (takesKey !== needsKey) {
          const message =
            'A POST, PUT or PATCH on a lane must accept Idempotency-Key or have x-idempotent: true; other methods must not accept it.';
          context.report({ message, location });
        } else if (takesKey) {
          const responses = responsesOf(operation, location, context);
          const successes = responses.filter(({ status }) => /^2/.test(status));
          const replayed = successes.every(({ node }) => node.headers?.['Idempotency-Replayed']);
          reportBroken(context, location, [
            [
              'An operation with Idempotency-Key must have the header Idempotency-Replayed in its 2xx responses.',
              replayed,
            ],
            [
              'An operation with Idempotency-Key must have the problem request-in-flight under 409.',
              answersWith(responses, '409', 'request-in-flight', context),
            ],
            [
              'An operation with Idempotency-Key must have the problem idempotency-key-reused under 422.',
              answersWith(responses, '422', 'idempotency-key-reused', context),
            ],
          ]);
        }
      }
    },
  };
}

function hasRequiredHeader({ node, location }, name, context) {
  const header = node.headers?.[name];
  return header !== undefined && dereference(header, location, context).node.required === true;
}

/** A client finds out when its copy of the lane contains its write, and it can take the write back. */
function writePositions() {
  return {
    PathItem(item, context) {
      if (!onLane.test(context.key)) return;
      for (const method of methods.filter((each) => item[each])) {
        const responses = responsesOf(item[method], context.location.child(method), context);
        const successes = responses.filter(({ status }) => /^2/.test(status));
        const has = (name) => (response) => hasRequiredHeader(response, name, context);
        reportBroken(
          context,
          context.location.child(method),
          ['Tasklane-Seq', 'Tasklane-Request'].map((name) => [
            `The 2xx responses of an operation on a lane must have a required header ${name} unless it is a GET.`,
            method === 'get' ? !successes.some(has(name)) : successes.every(has(name)),
          ]),
        );
      }
    },
  };
}

/** A client finds a new resource at `Location` (RFC 9110, section 15.3.2). */
function createdLocation() {
  return {
    Responses(responses, context) {
      if (isWebhook(context) || responses['201'] === undefined) return;
      const created = dereference(responses['201'], context.location.child('201'), context);
      reportBroken(context, context.location.child('201'), [
        ['201 must have a required header Location.', hasRequiredHeader(created, 'Location', context)],
      ]);
    },
  };
}

// The responses of the parser and of the router, which answer before a request is counted.
const uncountedStatuses = ['405', '408', '431'];

/** Clients of an operation that can answer 429 learn from each response how many units are left. */
function rateLimitHeaders() {
  return {
    Operation(operation, context) {
      if (isWebhook(context) || operation.responses?.['429'] === undefined) return;
      for (const { status, node } of responsesOf(operation, context.location, context)) {
        const names = ['RateLimit', 'RateLimit-Policy'].filter((name) => node.headers?.[name] === undefined);
        if (uncountedStatuses.includes(status) || names.length === 0) continue;
        context.report({
          message: `An operation that can answer 429 must have the header ${names[0]} in its ${status} response.`,
          location: context.location.child(['responses', status]),
        });
      }
    },
  };
}

/** Whether a value is a calendar date such as 2027-01-31. JavaScript reads 30 February as a day in March. */
function isDate(value) {
  const instant = new Date(/^\d{4}-\d\d-\d\d$/.test(value) ? value : Number.NaN);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(value);
}

/** A deprecated operation says since when it is deprecated, until when it works, and what replaces it. */
function deprecations() {
  return {
    Operation(operation, context) {
      if (isWebhook(context)) return;
      const { date, sunset, link, ...others } = operation['x-deprecation'] ?? {};
      reportBroken(context, context.location, [
        [
          'An operation must have x-deprecation if it has deprecated: true, and only then.',
          (operation['x-deprecation'] !== undefined) === (operation.deprecated === true),
        ],
        [
          'x-deprecation must have date (such as 2027-01-31), link, and optionally sunset, a date that is not before date.',
          operation['x-deprecation'] === undefined ||
            (isDate(date) &&
              typeof link === 'string' &&
              (sunset === undefined || (isDate(sunset) && sunset >= date)) &&
              Object.keys(others).length === 0),
        ],
      ]);
    },
  };
}

/** Whether a response shows an entity: an object with `version` and `updated_at`. */
function showsEntity(response, context) {
  return contentSchemas(response).some((schema) => {
    const names = combinedSchemas(schema, context).flatMap(({ node }) => Object.keys(node.properties ?? {}));
    return names.includes('version') && names.includes('updated_at');
  });
}

/** Responses that show an entity have an ETag, its GET accepts If-None-Match, and operations that change it accept If-Match. */
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
            'A response that shows an entity, 304 and 412 must have a required header ETag.',
            tagged.every((each) => hasRequiredHeader(each, 'ETag', context)),
          ],
          [
            'The GET of an entity, and no other operation, must accept If-None-Match and have a 304 response.',
            takes('If-None-Match') === got && has('304') === got,
          ],
          [
            'An operation that changes an entity, and no other, must accept If-Match and have the responses 412 and 428.',
            takes('If-Match') === changed && has('412') === changed && has('428') === changed,
          ],
        ]);
      }
    },
  };
}

/** A secret is shown once; in a repeated reply it is null. */
function nullableSecrets() {
  return {
    Schema(schema, context) {
      if (schema['x-secret'] !== true || [schema.type].flat().includes('null')) return;
      context.report({ message: 'A schema with x-secret must allow null.', location: context.location });
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

/** The names of the operations (`op`) that a list in a body can contain. */
function operationNames(list, context) {
  return reachableSchemas(list, context).flatMap(({ node }) =>
    node.properties?.op?.const === undefined ? [] : [node.properties.op.const],
  );
}

/** Whether a list in a body contains operations whose names are operations of the contract. */
function holdsOperations(list, ids, context) {
  const names = operationNames(list, context);
  return names.length > 0 && names.every((name) => ids.has(camelCase(name)));
}

/** Whether an entry of `x-cost.more` names a part of the request and the units that it adds. */
function isSurcharge({ for: pointer, every, units, ...others }, operation, parts, context) {
  if (typeof pointer !== 'string' || Object.keys(others).length > 0) return false;
  if (every !== undefined && !isUnits(every, 1)) return false;
  const [, part, name, ...rest] = pointer.split('/');
  if (rest.length > 0) return false;
  if (part === 'query') return parts.query.has(name) && isUnits(units, 1);
  if (part !== 'body' || operation.requestBody === undefined) return false;
  if (name === undefined) return isUnits(units, 1);
  const field = parts.fields.get(name);
  if (field === undefined) return false;
  return units === undefined
    ? every === undefined && holdsOperations(field, parts.ids, context)
    : isUnits(units, 1);
}

/** The operations of the contract: `{item, operation, location}`. */
function operationsOf(paths, context) {
  const items = Object.entries(paths).map(([path, item]) =>
    dereference(item, context.location.child(path), context),
  );
  return items.flatMap(({ node: item, location }) =>
    methods
      .filter((method) => item[method])
      .map((method) => ({ item, operation: item[method], location: location.child(method) })),
  );
}

/** Every operation says whether a batch can contain it, and the schemas of bodies (`op`) say the same. */
function batchMembership() {
  return {
    Paths(paths, context) {
      const operations = operationsOf(paths, context);
      const members = new Set(
        operations.flatMap(({ operation, location }) =>
          [...bodyFields(operation, location, context).values()].flatMap((field) =>
            operationNames(field, context).map(camelCase),
          ),
        ),
      );
      for (const { operation, location } of operations) {
        const isMember = members.has(operation.operationId);
        reportBroken(context, location, [
          [
            'An operation must have x-batch: true if a batch can contain it, else x-batch: false.',
            operation['x-batch'] === isMember,
          ],
        ]);
      }
    },
  };
}

/** Every operation has its cost: at least 1 unit of the rate limit if it can answer 429, otherwise 0. */
function operationCosts() {
  return {
    Paths(paths, context) {
      const operations = operationsOf(paths, context);
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
            'An operation must have x-cost with units: 1 or more if it can answer 429, else 0.',
            isLimited ? isUnits(units, 1) : units === 0,
          ],
          [
            'x-cost must have units; an entry of more has for (a query parameter, the body or a field of it), every and units.',
            Object.keys(others).length === 0 &&
              (isLimited || more.length === 0) &&
              more.every((each) => isSurcharge(each, operation, parts, context)),
          ],
        ]);
      }
    },
  };
}

/** Rules for the contract that Redocly's own rules and the assertions in redocly.yaml cannot express. */
module.exports = function contractRules() {
  return {
    id: 'contract',
    rules: {
      oas3: {
        'batch-membership': batchMembership,
        'bounded-requests': boundedRequests,
        'closed-request-bodies': closedRequestBodies,
        'created-location': createdLocation,
        deprecations,
        'entity-tags': entityTags,
        'idempotency-keys': idempotencyKeys,
        'nullable-secrets': nullableSecrets,
        'operation-costs': operationCosts,
        'patch-without-defaults': patchWithoutDefaults,
        'portable-patterns': portablePatterns,
        'problem-responses': problemResponses,
        'rate-limit-headers': rateLimitHeaders,
        'required-response-fields': requiredResponseFields,
        'write-positions': writePositions,
        ...generatorRules,
      },
    },
  };
};
