/** What a page of the service must not do. */

/**
 * Records errors and requests that a page must not cause: responses of 400 and more, messages of the console, violations
 * of the content policy, errors of scripts, and requests to other origins. The addresses of data: and blob: hold their
 * own content.
 * @returns the list, which grows
 */
export async function watch(context, service) {
  const errors = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== service && !['data:', 'blob:'].includes(url.protocol)) errors.push(`request: ${url}`);
  });
  context.on('response', (response) => {
    if (response.status() >= 400) errors.push(`response: ${response.status()} ${response.url()}`);
  });
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) errors.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => errors.push(`script: ${error.error().message}`));
  await context.exposeFunction('reportViolation', (text) => errors.push(`policy: ${text}`));
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(`${event.effectiveDirective} ${event.blockedURI} at ${location.pathname}`);
    });
  });
  return errors;
}
