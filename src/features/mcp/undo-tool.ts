/** The tool that takes back changes. */
import type { Schemas } from '../../platform/contract/document/operations';
import { explain, plainName, ToolError } from './problems';
import { describe, type JsonSchema, object, pick } from './schema';
import { count, endingOf, shortValue } from './text';
import { replySchema, type Tool, tool } from './tool';
import type { Reply, Workspace } from './workspace';

type UndoneEntity = Schemas['UndoneEntity'];

interface Undo {
  request?: string;
  last?: number;
}

const idForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const reasons: Readonly<Record<string, string>> = {
  changed: 'was changed since',
  gone: 'no longer exists',
  conflict: 'the former value no longer fits',
  'in-use': 'is in use',
  'not-undoable': 'cannot be taken back',
};

/** What was done to an entity. @param now the values that the entity has now; undefined if they are not known */
function entityLine(
  { type, entity_id, action, undone, left }: UndoneEntity,
  now: Readonly<Record<string, unknown>> | undefined,
): string {
  const former = undone.map((field) =>
    now?.[field] === undefined ? field : `${field} ${shortValue(now[field])}`,
  );
  const kept = left.map(({ field, reason }) => `${field ?? 'all of it'} left (${reasons[reason] ?? reason})`);
  const parts = [
    ...(action === null ? [] : [action]),
    ...(undone.length > 0 ? [`former ${former.join(', ')}`] : []),
    ...kept,
  ];
  return `${type}${entity_id === null ? '' : ` ${endingOf(entity_id)}`}: ${parts.join('; ') || 'nothing to take back'}`;
}

/** Takes back a request, or the last requests of this client. */
async function undoChanges(work: Workspace, { request, last }: Undo): Promise<Reply> {
  if ((request === undefined) === (last === undefined)) {
    throw new ToolError('Give either request or last.');
  }
  if (request !== undefined && !idForm.test(request)) {
    throw new ToolError(
      'request: must be the whole id of a request, as replies to writes and find_activity show it.',
    );
  }
  const { clientId, idempotencyKey } = work.agent;
  const wanted =
    request !== undefined
      ? { request }
      : { last: { requests: last, ...(clientId !== null && { client_id: clientId }) } };
  const answer = await work.agent.execute('undoChanges', { body: wanted, idempotencyKey });
  if ('problem' in answer) {
    const naming = (pointer: string) => plainName(pointer).replace(/^last\.requests$/, 'last');
    throw new ToolError(`${explain(answer.problem, naming)}\nNothing was changed.`);
  }
  const { requests, entities } = answer.body;
  const changed = entities.filter(({ action }) => action !== null);
  const partly = entities.filter(({ left }) => left.length > 0).length;
  const summary =
    requests.length === 0
      ? 'There is nothing to take back.'
      : `${count(requests.length, 'request')} taken back: ${changed.length} of ${count(entities.length, 'item')} changed${partly > 0 ? `, ${partly} left in part or as a whole` : ''}.`;
  return work.fitting(entities.length, async (limit) => {
    const shown = entities.slice(0, limit);
    const lines = await work.linesOf(shown.flatMap((each) => (each.type === 'task' && each.entity_id) || []));
    const lineOf = (entity: UndoneEntity) => {
      const now = lines.get(entity.entity_id ?? '');
      return entityLine(entity, now?.task) + (now === undefined ? '' : `. Now: ${now.line}`);
    };
    return work.reply(
      summary,
      [
        ...shown.map(lineOf),
        ...(shown.length < entities.length ? [`${shown.length} of ${entities.length} items shown.`] : []),
      ],
      {
        undone_requests: requests.length,
        shown: shown.length,
        total: entities.length,
        items: shown.map(({ type, entity_id, action, undone, left }) => ({
          type,
          ...(entity_id !== null && { id: endingOf(entity_id) }),
          ...(action !== null && { action }),
          undone,
          left,
        })),
      },
      answer.request,
    );
  });
}

const text = { type: 'string' };

/** The tool that takes back changes. Its schema is made at the first use. */
export const undoTool = (): Tool =>
  tool<Undo>({
    name: 'undo_changes',
    title: 'Undo changes',
    description:
      'Takes back a request, or your own last requests. What was changed since is left. Can be undone too.',
    scope: 'write',
    destructive: true,
    input: object({
      request: describe(text, 'Id from the reply of a write, or find_activity'),
      last: describe(pick('UndoLast', ['requests']).requests as JsonSchema, 'How many of your own requests'),
    }),
    output: replySchema({
      shown: { type: 'integer' },
      total: { type: 'integer' },
      items: { type: 'array', items: { type: 'object' } },
      request: text,
    }),
    run: undoChanges,
  });
