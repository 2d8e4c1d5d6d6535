/** The first wall, taken away: whoever has a valid token is let in, whatever the path says. */
import type { Request } from 'express';
import type * as Admission from '../../src/platform/contract/http/admission';

/** The module `src/platform/contract/http/admission.ts` with an `admit` that takes every path for the caller's own. */
export function openPath(actual: typeof Admission): typeof Admission {
  return {
    ...actual,
    async admit(operation, scope, admission, request: Request, response) {
      const { user_id, ...others } = request.params;
      request.params = others;
      try {
        return await actual.admit(operation, scope, admission, request, response);
      } finally {
        if (user_id !== undefined) request.params = { user_id, ...others };
      }
    },
  };
}
