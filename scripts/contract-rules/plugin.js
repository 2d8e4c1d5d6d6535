const { combinedSchemas, contentSchemas, dereference, reachableSchemas } = require('./schemas.js');

const problemType = 'application/problem+json';
const problemPointer = '#/components/schemas/Problem';

function isProblem(schema, context) {
  const combined = combinedSchemas(schema, context);
  if (combined.some(({ location }) => location.pointer === problemPointer)) return true;
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
  return context.location.pointer.startsWith('#/webhooks/');
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

/** The rules of the contract that Redocly's own rules and assertions in redocly.yaml cannot say. */
module.exports = function contractRules() {
  return {
    id: 'contract',
    rules: {
      oas3: {
        'closed-request-bodies': closedRequestBodies,
        'patch-without-defaults': patchWithoutDefaults,
        'problem-responses': problemResponses,
        'required-response-fields': requiredResponseFields,
      },
    },
  };
};
