/** The answer to a request that is refused because of overload. It costs little, so it is not logged. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestId } from '../../observability/logger';
import { problemBody } from '../document/problems';

// Clients that were refused together must not come back together.
const longestRetrySeconds = 4;

const placeholder = '0';
const [beforeId, afterId] = JSON.stringify(
  problemBody('service-unavailable', placeholder, {
    detail: 'The service is overloaded. Nothing was changed.',
  }),
).split(`"${placeholder}"`) as [string, string];

const constantHeaders = [
  'Content-Type',
  'application/problem+json; charset=utf-8',
  'Cache-Control',
  'no-store',
  'X-Content-Type-Options',
  'nosniff',
];

/**
 * Makes the function that answers 503 with `Retry-After`.
 * @param isAllowedOrigin whether pages of the origin may read answers
 */
export function createOverloadAnswer(
  isAllowedOrigin: (origin: string) => boolean,
): (request: IncomingMessage, response: ServerResponse) => void {
  let count = 0;
  return (request, response) => {
    const { origin } = request.headers;
    const id = requestId(request);
    const body = `${beforeId}"${id}"${afterId}`;
    const headers = constantHeaders.concat(
      'X-Request-Id',
      id,
      'Retry-After',
      String(1 + (count++ % longestRetrySeconds)),
      'Content-Length',
      String(body.length),
    );
    if (origin !== undefined && isAllowedOrigin(origin)) {
      headers.push('Access-Control-Allow-Origin', origin, 'Access-Control-Allow-Credentials', 'true');
      headers.push('Access-Control-Expose-Headers', 'Retry-After,X-Request-Id');
    }
    headers.push('Vary', 'Origin');
    response.writeHead(503, headers);
    response.end(body);
  };
}
