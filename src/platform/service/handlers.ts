import { createReadStream } from 'node:fs';
import { clientContract } from '../contract/document/client-contract';
import { contractDocument } from '../contract/document/contract';
import type { Schemas } from '../contract/document/operations';
import type { Handlers } from '../contract/http/call';
import { docsPage, problemPage } from '../docs/pages';
import { readProblems } from '../docs/problems';
import { projectPath } from '../paths';

export interface ServiceState {
  /** Why the service is not ready; empty if it is ready. */
  reasons(): Promise<Schemas['UnreadinessReason'][]>;
  /** What limits the service. */
  warnings(): readonly Schemas['ReadinessWarning'][];
  /** What the start waits for. */
  readonly startProblem: string | null;
  /** Whether the service was ready once since its start. Before that, an error only means that it is not ready yet. */
  readonly started: boolean;
  /** The service's own address, as clients know it, without a slash at the end. */
  readonly publicUrl: string;
  /** The issuers of the tokens that the service accepts. */
  readonly authorizationServers: readonly string[];
  /** The issuers of the tokens for `/mcp`. */
  readonly mcpAuthorizationServers: readonly string[];
}

/** The members of the problem. */
const notReady = (reasons: Schemas['UnreadinessReason'][]) => ({
  detail: reasons.map(({ detail }) => detail).join(' '),
  reasons,
});

/** The text of a generated file. The file is opened when the text is read. */
async function* textOf(...path: string[]): AsyncGenerator<string> {
  yield* createReadStream(projectPath('generated', ...path), 'utf8');
}

/** The handlers for health, the contract and its documentation. */
export function serviceHandlers(
  state: ServiceState,
): Pick<
  Handlers,
  | 'getLiveness'
  | 'getReadiness'
  | 'getStartup'
  | 'getProtectedResource'
  | 'getMcpProtectedResource'
  | 'getContractJson'
  | 'getClientContract'
  | 'getContractYaml'
  | 'getDocs'
  | 'getDocsScript'
  | 'getProblemType'
> {
  const docs = docsPage(
    '<p style="margin: 1rem">The guides are not built. <code>npm run docs:build</code> builds them.</p>\n',
  );
  const problems = new Map(readProblems(contractDocument).map((each) => [each.code, each]));
  const resource = (path: string, name: string, authorizationServers: readonly string[]) => ({
    resource: state.publicUrl + path,
    authorization_servers: [...authorizationServers],
    bearer_methods_supported: ['header'],
    scopes_supported: ['tasklane:read', 'tasklane:write'],
    resource_name: name,
    resource_documentation: `${state.publicUrl}/docs`,
  });

  return {
    async getLiveness(call) {
      return call.reply(200, { status: 'alive' });
    },

    async getReadiness(call) {
      const reasons = await state.reasons();
      return reasons.length === 0
        ? call.reply(200, { status: 'ready', warnings: [...state.warnings()] })
        : call.fail('not-ready', notReady(reasons));
    },

    async getStartup(call) {
      if (state.started) return call.reply(200, { status: 'started' });
      const detail = state.startProblem ?? 'The service is starting.';
      return call.fail('not-ready', notReady([{ reason: 'starting', detail }]));
    },

    async getProtectedResource(call) {
      return call.reply(200, resource('', 'Tasklane', state.authorizationServers));
    },

    async getMcpProtectedResource(call) {
      return call.reply(200, resource('/mcp', 'Tasklane for agents', state.mcpAuthorizationServers));
    },

    async getContractJson(call) {
      return call.reply(200, contractDocument as { openapi: string });
    },

    async getClientContract(call) {
      return call.reply(200, clientContract(contractDocument) as { openapi: string });
    },

    async getContractYaml(call) {
      return call.stream(200, textOf('openapi.yaml'));
    },

    async getDocs(call) {
      return call.reply(200, docs.html, { 'Content-Security-Policy': docs.contentSecurityPolicy });
    },

    async getDocsScript(call) {
      return call.stream(200, textOf('docs', 'redoc.js'), { 'Cache-Control': 'public, max-age=3600' });
    },

    async getProblemType(call) {
      const type = problems.get(call.path.code);
      if (!type) return call.fail('not-found');
      const page = problemPage(type);
      return call.reply(200, page.html, { 'Content-Security-Policy': page.contentSecurityPolicy });
    },
  };
}
