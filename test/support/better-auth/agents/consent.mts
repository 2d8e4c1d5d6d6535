import { oauthProviderClient } from '@better-auth/oauth-provider/client';
import { createAuthClient } from 'better-auth/react';

export const authClient = createAuthClient({ plugins: [oauthProviderClient()] });

/** Answers the request of a client, with the parameters of the page's address. */
export async function answerClient(accept: boolean) {
  const { data, error } = await authClient.oauth2.consent({ accept });
  if (error) throw new Error(error.message);
  window.location.href = data.url;
}
