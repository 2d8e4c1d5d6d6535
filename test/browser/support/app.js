/** The app of the tests: Better Auth's own client, and a lane that works offline. Bundled for the browser. */
import { createAuthClient } from 'better-auth/client';
import { jwtClient } from 'better-auth/client/plugins';
import { betterAuthTokens, createTasklane } from '../../../sdk/src/index.ts';
import { openLane } from '../../../sdk/src/live/index.ts';

export const auth = createAuthClient({ plugins: [jwtClient()] });
export const token = betterAuthTokens(auth);

export async function open(baseUrl, userId) {
  globalThis.lane = await openLane(createTasklane({ baseUrl, token }), userId);
}
