import { randomUUID } from 'node:crypto';
import { type ApiResponse, type RequestOptions, send } from './api';
import { type TestService, tokenOf } from './service';

/** A user with a valid token, and a function that sends requests as that user. */
export interface TestUser {
  readonly id: string;
  readonly token: string;
  /** Where the user's lane is: `/api/<user_id>`. */
  readonly lane: string;
  /** Sends a request to a path below the user's lane. */
  send(method: string, path: string, options?: RequestOptions): Promise<ApiResponse>;
}

/** Makes a user of the service at `base`, with a random id by default. */
export async function makeUser(base: string, id: string = randomUUID()): Promise<TestUser> {
  const token = await tokenOf(id);
  const lane = `/api/${encodeURIComponent(id)}`;
  return {
    id,
    token,
    lane,
    send: (method, path, options) => send(base, method, lane + path, { token, ...options }),
  };
}

/** Makes a new user of a service before each test of a file or a `describe` block. */
export function useUser(service: TestService): TestUser {
  let user: TestUser;
  beforeEach(async () => {
    user = await makeUser(service.url);
  });
  return {
    get id() {
      return user.id;
    },
    get token() {
      return user.token;
    },
    get lane() {
      return user.lane;
    },
    send: (method, path, options) => user.send(method, path, options),
  };
}
