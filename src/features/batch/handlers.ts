import type { Schemas } from '../../platform/contract/document/operations';
import { problemBody } from '../../platform/contract/document/problems';
import { inBody } from '../../platform/contract/document/validation-errors';
import type { Handlers } from '../../platform/contract/http/call';
import { applyAll, applyEach, isApplied, type Outcome } from './commands';
import { resolveReferences } from './references';

type Result = Schemas['BatchResult'];

/** What came of an operation, as the contract has it. */
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
    if ('faults' in resolved) return call.fail('validation-failed', { errors: inBody(resolved.faults) });

    const outcomes = await call.lane.write((lane) =>
      atomic
        ? applyAll(lane, resolved)
        : applyEach(lane, resolved, (fault, index) =>
            call.log.error({ err: fault, index }, 'fault in an operation of a batch'),
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
