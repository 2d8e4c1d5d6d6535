/**
 * A subscriber of Dapr: `dapr run --app-id subscriber --app-port 3000 --resources-path deploy/dapr/<folder> -- node subscriber.mjs`.
 * The folder has subscription.yaml and one of the two components.
 */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

// In production, a table: lane, seq.
const last = new Map();

/** Handles an event once. @returns whether it was new */
function handle({ type, partitionkey: user, data }) {
  const seq = type === 'lane.reset' ? data.seq : data.change.seq;
  if (type !== 'lane.reset' && seq <= (last.get(user) ?? 0)) return false;
  last.set(user, seq);
  process.stdout.write(`${user} ${seq} ${type}\n`);
  return true;
}

const server = createServer(async (request, response) => {
  if (request.method !== 'POST' || request.url !== '/events') return void response.writeHead(404).end();
  let status = 'SUCCESS';
  try {
    handle(JSON.parse(await text(request)));
  } catch (error) {
    process.stderr.write(`${error.stack}\n`);
    // Dapr sends the event again.
    status = 'RETRY';
  }
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ status }));
});
server.listen(Number(process.env.APP_PORT ?? 3000), '127.0.0.1', () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
