/**
 * The MCP server that `@modelcontextprotocol/conformance` expects: the tools, resources and prompts that its scenarios name. It
 * takes the place of Tasklane's server at `/mcp`, so that transport, authorisation and errors are those of the service.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  fromJsonSchema,
  type InputRequests,
  inputRequired,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server';

const image =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const audio = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

type State = Record<string, unknown>;
const states = createRequestStateCodec<State>({ key: randomBytes(32) });

const text = (value: string) => ({ type: 'text' as const, text: value });
const said = (value: string) => ({ content: [text(value)] });
const noArguments = fromJsonSchema<object>({ type: 'object', properties: {} });

/** A form with one required field. */
const form = (message: string, field: string, type: 'string' | 'boolean' = 'string') =>
  inputRequired.elicit({
    message,
    requestedSchema: {
      type: 'object',
      properties: { [field]: { type } as { type: 'string' } },
      required: [field],
    },
  });
const question = (words: string) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: text(words) }], maxTokens: 50 });

/** What the client answered to a form. */
const field = (context: ServerContext, key: string, name: string) =>
  acceptedContent<State>(context.mcpReq.inputResponses, key)?.[name];
const response = <T>(context: ServerContext, key: string) =>
  context.mcpReq.inputResponses?.[key] as T | undefined;

type Result = object | Promise<object>;
type Handler = (context: ServerContext) => Result;

/** The tools without arguments, by name. */
const tools: Record<string, Handler> = {
  test_simple_text: () => said('This is a simple text response for testing.'),
  test_image_content: () => ({ content: [{ type: 'image', data: image, mimeType: 'image/png' }] }),
  test_audio_content: () => ({ content: [{ type: 'audio', data: audio, mimeType: 'audio/wav' }] }),
  test_embedded_resource: () => ({
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  }),
  test_multiple_content_types: () => ({
    content: [
      text('Multiple content types test:'),
      { type: 'image', data: image, mimeType: 'image/png' },
      {
        type: 'resource',
        resource: { uri: 'test://mixed', mimeType: 'application/json', text: '{"test":"data","value":123}' },
      },
    ],
  }),
  test_error_handling() {
    throw new Error('This tool intentionally returns an error for testing');
  },
  async test_tool_with_progress({ mcpReq }) {
    const progressToken = mcpReq._meta?.progressToken;
    if (progressToken !== undefined) {
      for (const progress of [0, 50, 100]) {
        await mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 100 },
        });
      }
    }
    return said('Done.');
  },
  async test_tool_with_logging({ mcpReq }) {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
    }
    return said('Done.');
  },

  // For the scenario `server-stateless`.
  test_missing_capability: (context) =>
    response(context, 'answer') === undefined
      ? inputRequired({ inputRequests: { answer: question('Reply with the word pong') } })
      : said('Done.'),
  test_streaming_elicitation: () => said('No request is on this stream.'),
  async test_logging_tool({ mcpReq }) {
    await mcpReq.log('info', 'only for clients that ask for logs');
    return said('Done.');
  },

  // For the scenarios `input-required-result-*`.
  test_input_required_result_elicitation(context) {
    const name = field(context, 'user_name', 'name');
    if (typeof name === 'string') return said(`Hello, ${name}!`);
    return inputRequired({ inputRequests: { user_name: form('What is your name?', 'name') } });
  },
  test_input_required_result_sampling(context) {
    const answer = response<{ content?: { text?: string } }>(context, 'capital_question');
    if (answer) return said(`Sampling response: ${answer.content?.text}`);
    return inputRequired({ inputRequests: { capital_question: question('What is the capital of France?') } });
  },
  test_input_required_result_list_roots(context) {
    const answer = response<{ roots?: { uri: string }[] }>(context, 'client_roots');
    if (answer?.roots) return said(`Roots: ${answer.roots.map(({ uri }) => uri).join(', ')}`);
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  },
  async test_input_required_result_request_state(context) {
    if (field(context, 'confirm', 'ok') === undefined) {
      return inputRequired({
        inputRequests: { confirm: form('Please confirm', 'ok', 'boolean') },
        requestState: await states.mint({ nonce: randomUUID() }),
      });
    }
    if (context.mcpReq.requestState() === undefined) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'The state is missing.');
    }
    return said('state-ok');
  },
  async test_input_required_result_multiple_inputs(context) {
    const name = field(context, 'user_name', 'name');
    const greeting = response<{ content?: { text?: string } }>(context, 'greeting');
    const roots = response<{ roots?: object[] }>(context, 'client_roots');
    if (typeof name === 'string' && greeting && roots) return said(`${greeting.content?.text} ${name}`);
    return inputRequired({
      inputRequests: {
        user_name: form('What is your name?', 'name'),
        greeting: question('Generate a greeting'),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await states.mint({ nonce: randomUUID() }),
    });
  },
  async test_input_required_result_multi_round(context) {
    const round = context.mcpReq.requestState<State>()?.round ?? 0;
    if (round === 2) return said(`Done: ${field(context, 'step2', 'color')}`);
    const next = round === 0 ? { step1: form('Name?', 'name') } : { step2: form('Color?', 'color') };
    return inputRequired({
      inputRequests: next,
      requestState: await states.mint({ round: Number(round) + 1, nonce: randomUUID() }),
    });
  },
  async test_input_required_result_tampered_state(context) {
    if (context.mcpReq.requestState() !== undefined && field(context, 'confirm', 'ok') !== undefined) {
      return said('integrity-ok');
    }
    return inputRequired({
      inputRequests: { confirm: form('Please confirm', 'ok', 'boolean') },
      requestState: await states.mint({ nonce: randomUUID() }),
    });
  },
  test_input_required_result_capabilities({ mcpReq }) {
    const declared = (mcpReq.envelope as State | undefined)?.[CLIENT_CAPABILITIES_META_KEY] as
      | ClientCapabilities
      | undefined;
    const inputRequests: InputRequests = {
      ...(declared?.elicitation && { user_name: form('What is your name?', 'name') }),
      ...(declared?.sampling && { greeting: question('Generate a greeting') }),
      ...(declared?.roots && { client_roots: inputRequired.listRoots() }),
    };
    const isDone = mcpReq.inputResponses !== undefined || Object.keys(inputRequests).length === 0;
    return isDone ? said('Done.') : inputRequired({ inputRequests });
  },
};

function registerResources(server: McpServer): void {
  const plain = { mimeType: 'text/plain' };
  server.registerResource('static-text', 'test://static-text', plain, ({ href: uri }) => ({
    contents: [{ uri, ...plain, text: 'This is the content of the static text resource.' }],
  }));
  server.registerResource(
    'static-binary',
    'test://static-binary',
    { mimeType: 'image/png' },
    ({ href: uri }) => ({
      contents: [{ uri, mimeType: 'image/png', blob: image }],
    }),
  );
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json' },
    ({ href: uri }, { id }) => ({
      contents: [
        {
          uri,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
        },
      ],
    }),
  );
}

function registerPrompts(server: McpServer): void {
  const messages = (...contents: object[]) => ({
    messages: contents.map((content) => ({ role: 'user' as const, content })),
  });
  const withArguments = <Names extends string>(...names: Names[]) =>
    fromJsonSchema<Record<Names, string>>({
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
      required: names,
    });
  server.registerPrompt(
    'test_simple_prompt',
    { description: 'test_simple_prompt' },
    () => messages(text('This is a simple prompt for testing.')) as never,
  );
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'With arguments', argsSchema: withArguments('arg1', 'arg2') },
    ({ arg1, arg2 }) => messages(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)) as never,
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'With arguments', argsSchema: withArguments('resourceUri') },
    ({ resourceUri: uri }) =>
      messages(
        {
          type: 'resource',
          resource: { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
        },
        text('Please process the embedded resource above.'),
      ) as never,
  );
  server.registerPrompt(
    'test_prompt_with_image',
    { description: 'With an image' },
    () =>
      messages(
        { type: 'image', data: image, mimeType: 'image/png' },
        text('Please analyze the image above.'),
      ) as never,
  );
  // A prompt without arguments gets the context as its only argument.
  server.registerPrompt('test_input_required_result_prompt', { description: 'With a question' }, ((
    context: ServerContext,
  ) => {
    const words = field(context, 'user_context', 'context');
    if (typeof words === 'string') return messages(text(`Use the following context: ${words}`));
    return inputRequired({
      inputRequests: { user_context: form('What context should the prompt use?', 'context') },
    });
  }) as never);
}

/** Makes the server for one request. */
export function createFixtureServer(): McpServer {
  const server = new McpServer(
    { name: 'conformance-fixture', version: '1' },
    {
      capabilities: {
        tools: { listChanged: false },
        resources: { listChanged: false },
        prompts: { listChanged: false },
        logging: {},
        completions: {},
      },
      requestState: { verify: states.verify },
    },
  );
  for (const [name, handler] of Object.entries(tools)) {
    server.registerTool(
      name,
      { description: name, inputSchema: noArguments },
      (_: object, context: ServerContext) => handler(context) as never,
    );
  }
  registerResources(server);
  registerPrompts(server);
  server.server.setRequestHandler('logging/setLevel', () => ({}));
  server.server.setRequestHandler('completion/complete', () => ({
    completion: { values: [], total: 0, hasMore: false },
  }));
  return server;
}
