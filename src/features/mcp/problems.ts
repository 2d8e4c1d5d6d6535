/** Problems of operations in words that tell a model what to change. */
import type { AnyProblem } from '../../platform/contract/http/execute';

/** Why a tool cannot do what was asked. The message is for the model. */
export class ToolError extends Error {}

/** Names an argument of the tool for a pointer into the request of the operation. */
export type Naming = (pointer: string) => string;

/** `/body/task/title` → `task.title`, `/query/due_from` → `due_from`. */
export const plainName: Naming = (pointer) =>
  pointer
    .split('/')
    .slice(2)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');

const advice: Readonly<Record<string, string>> = {
  'rate-limited': 'Wait a minute, then continue with fewer calls.',
  'insufficient-scope':
    'This connection may only read. Ask the user to allow changes (scope tasklane:write).',
  unauthorized: 'The connection is no longer valid. Ask the user to connect again.',
  'service-unavailable': 'Try again in a minute.',
};

/** Explains a problem. */
export function explain(problem: AnyProblem, naming: Naming = plainName): string {
  const { code, title, detail, errors, results } = problem;
  const failed = (results ?? []).filter(({ problem: each }) => each !== null && each.code !== 'not-applied');
  const lines = [
    ...(errors ?? []).map((error) => `${naming(error.pointer)}: ${error.detail}`),
    ...failed.flatMap(({ index, problem: each }) => {
      const reason = each as AnyProblem;
      if (reason.errors) return reason.errors.map((error) => `${naming(error.pointer)}: ${error.detail}`);
      return [`${naming(`/body/operations/${index}`)}: ${reason.title}. ${reason.detail ?? ''}`.trim()];
    }),
  ];
  if (lines.length === 0) lines.push(detail && detail !== title ? `${title}: ${detail}` : title);
  return [...lines, ...(advice[code] === undefined ? [] : [advice[code]])].join('\n');
}
