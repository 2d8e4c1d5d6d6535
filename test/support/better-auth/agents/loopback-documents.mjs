// Stands for `@better-auth/cimd/node`. Documents of the host agent.example.com come from a server on this machine; all
// other addresses go to the real module.
import { fetchClientMetadataResource as fetchFromInternet } from '@better-auth/cimd/node';

export function fetchClientMetadataResource(input, init) {
  const url = new URL(input);
  if (url.host !== 'agent.example.com') return fetchFromInternet(input, init);
  return fetch(process.env.METADATA_SERVER_URL + url.pathname, init);
}
