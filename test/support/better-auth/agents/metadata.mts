import { oauthProviderAuthServerMetadata } from '@better-auth/oauth-provider';
import { auth } from './auth.mts';

export const GET = oauthProviderAuthServerMetadata(auth);
