/** Removes the first wall: a valid token opens every path. */
import type { Request } from 'express';
import type * as Admission from '../../src/platform/contract/http/admission';

/** The module `src/platform/contract/http/admission.ts` with an `admit` that accepts the path of any user. */
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
