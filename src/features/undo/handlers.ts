import type { ValidationError } from '../../platform/contract/document/operations';
import type { Call, Handlers } from '../../platform/contract/http/call';
import { maxUndone, undo, type Wanted } from './commands';

function readWanted({ request, last }: Call<'undoChanges'>['body']): Wanted | ValidationError {
  if (request !== undefined && last !== undefined) {
    return { pointer: '/body/last', code: 'contradiction', detail: 'cannot be combined with `request`' };
  }
  if (request !== undefined) return { request };
  if (last !== undefined) return { clientId: last.client_id ?? null, count: last.requests };
  return { pointer: '/body', code: 'required', detail: 'must have either `request` or `last`' };
}

const refusals = {
  'not-in-lane': { code: 'not-in-lane', detail: 'must be a request whose changes this lane has' },
  'too-large': { code: 'too-large', detail: `must name at most ${maxUndone} changes` },
} as const;

export const undoHandlers: Pick<Handlers, 'undoChanges'> = {
  async undoChanges(call) {
    const wanted = readWanted(call.body);
    if ('pointer' in wanted) return call.fail('validation-failed', { errors: [wanted] });
    const outcome = await call.lane.write((lane) => undo(lane, wanted));
    if (typeof outcome !== 'string') return call.reply(200, outcome);
    const pointer = 'request' in wanted ? '/body/request' : '/body/last/requests';
    return call.fail('validation-failed', { errors: [{ pointer, ...refusals[outcome] }] });
  },
};
