import type { Schemas } from '../../platform/contract/document/operations';
import { problemBody } from '../../platform/contract/document/problems';
import { inBody } from '../../platform/contract/document/validation-errors';
import type { Handlers } from '../../platform/contract/http/call';
import { applyAll, applyEach, isApplied, type Outcome } from './commands';
import { resolveReferences } from './references';

type Result = Schemas['BatchResult'];

/** Maps the outcome of an operation to the schema `BatchResult`. */
function toResult(outcome: Outcome, op: Result['op'], index: number, requestId: string): Result {
  if (isApplied(outcome)) return { index, op, ...outcome, problem: null } as Result;
  const { code, ...members } = outcome;
  const problem = problemBody(code, requestId, members);
  return { index, op, status: problem.status, body: null, problem } as Result;
}

export const batchHandlers: Pick<Handlers, 'applyBatch'> = {
  async applyBatch(call) {
    const { atomic, operations } = call.body;
    const resolved = resolveReferences(operations);
    if ('errors' in resolved) return call.fail('validation-failed', { errors: inBody(resolved.errors) });

    const outcomes = await call.lane.write((lane) =>
      atomic
        ? applyAll(lane, resolved)
        : applyEach(lane, resolved, (error, index) =>
            call.log.error({ err: error, index }, 'internal error in an operation of a batch'),
          ),
    );
    const results = outcomes.map((outcome, index) =>
      toResult(outcome, (operations[index] as Schemas['BatchOperation']).op, index, call.requestId),
    );
    const failed = results.find(({ problem }) => problem !== null && problem.code !== 'not-applied');
    if (!atomic || !failed) return call.reply(200, { results });
    return call.fail('batch-failed', {
      detail: `Operation ${failed.index} failed, and nothing was changed. ${failed.problem?.detail}`,
      results,
    });
  },
};
