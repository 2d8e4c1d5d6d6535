/** An MCP client that gets its tokens from an authorization server, and the browser in which its user consents. */
import {
  Client,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import type { SignedUp } from '.';

export const redirectUrl = 'http://127.0.0.1:33418/callback';

/** What a client sends about itself, or has in its metadata document. */
export const clientMetadata = {
  client_name: 'An agent',
  redirect_uris: [redirectUrl],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};

/** Where a program of OAuth keeps what it knows. */
export interface ClientStore extends OAuthClientProvider {
  information?: StoredOAuthClientInformation | undefined;
  current?: StoredOAuthTokens | undefined;
  verifier?: string;
  discovered?: OAuthDiscoveryState;
  /** The address at which the user is asked. */
  authorizationUrl?: URL;
}

/** @param clientMetadataUrl the address of the client's metadata document; without it, the client registers */
export function createStore(clientMetadataUrl?: string): ClientStore {
  const store: ClientStore = {
    redirectUrl,
    clientMetadata,
    ...(clientMetadataUrl !== undefined && { clientMetadataUrl }),
    state: () => 'a-state',
    clientInformation: () => store.information,
    saveClientInformation(information) {
      store.information = information;
    },
    tokens: () => store.current,
    saveTokens(tokens) {
      store.current = tokens;
    },
    redirectToAuthorization(url) {
      store.authorizationUrl = url;
    },
    saveCodeVerifier(verifier) {
      store.verifier = verifier;
    },
    codeVerifier: () => store.verifier ?? '',
    saveDiscoveryState(state) {
      store.discovered = state;
    },
    discoveryState: () => store.discovered,
  };
  return store;
}

/** A client that connects to `/mcp` with the tokens of a store. */
export function oauthClient(url: string, store: ClientStore) {
  const client = new Client({ name: 'tests', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { authProvider: store });
  return { client, transport };
}

/**
 * Opens the address in the browser of a user who is signed in, and answers the question of the consent page.
 * @returns the address to which the browser is sent back, at the client or with an error at the server
 */
export async function answerInBrowser(
  serverUrl: string,
  address: URL,
  user: SignedUp,
  accept = true,
): Promise<URL> {
  const cookie = [...user.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const asked = await fetch(address, { redirect: 'manual', headers: { cookie } });
  // Better Auth puts the address into the body for requests of `fetch`.
  const text = await asked.text();
  const location = asked.headers.get('location') ?? (JSON.parse(text) as { url?: string }).url;
  if (location === undefined) throw new Error(text);
  const page = new URL(location, serverUrl);
  if (page.pathname !== '/consent') return page;
  const answered = await fetch(`${serverUrl}/api/auth/oauth2/consent`, {
    method: 'POST',
    headers: { cookie, origin: serverUrl, 'content-type': 'application/json' },
    body: JSON.stringify({ accept, oauth_query: page.search.slice(1) }),
  });
  const { url } = (await answered.json()) as { url: string };
  return new URL(url);
}
