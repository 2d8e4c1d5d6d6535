/** Runs both agents against a service (TASKLANE_URL, TASKLANE_TOKEN), with models that follow a script. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Model, Usage } from '@openai/agents';
import { MockLanguageModelV3 } from 'ai/test';
import { ask as askAiSdk } from './ai-sdk.js';
import { ask as askOpenAi } from './openai-agents.js';

const { TASKLANE_URL = '', TASKLANE_TOKEN = '' } = process.env;

/** The calls of the scripted models. After them, a model answers with the reply of the last call. */
const calls = (title: string) => [
  { name: 'add_tasks', input: { tasks: [{ title, due_date: '2027-01-31' }] } },
  { name: 'find_tasks', input: { text: title } },
];

test('the AI SDK lets a model call the tools', async () => {
  const script = calls('Water the plants');
  const usage = {
    inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 1, text: 1, reasoning: 0 },
  };
  let names: string[] = [];
  const model = new MockLanguageModelV3({
    async doGenerate({ prompt, tools = [] }) {
      names = tools.map(({ name }) => name);
      const call = script[prompt.filter(({ role }) => role === 'tool').length];
      if (call === undefined) {
        const text = JSON.stringify(prompt.at(-1)?.content);
        return {
          content: [{ type: 'text', text }],
          finishReason: { unified: 'stop', raw: 'stop' },
          usage,
          warnings: [],
        };
      }
      const { name: toolName, input } = call;
      return {
        content: [{ type: 'tool-call', toolCallId: toolName, toolName, input: JSON.stringify(input) }],
        finishReason: { unified: 'tool-calls', raw: 'tool_calls' },
        usage,
        warnings: [],
      };
    },
  });
  const answer = await askAiSdk(model, 'Remind me of the plants.', TASKLANE_URL, TASKLANE_TOKEN);
  assert.match(answer, /1 of 1 task/);
  assert.match(answer, /Water the plants/);
  assert.ok(names.includes('undo_changes'));
});

test('the OpenAI Agents SDK lets a model call the tools', async () => {
  const script = calls('Call Ada');
  let names: string[] = [];
  const model: Model = {
    async getResponse({ input, tools }) {
      names = tools.map(({ name }) => name);
      const results =
        typeof input === 'string' ? [] : input.filter(({ type }) => type === 'function_call_result');
      const call = script[results.length];
      if (call === undefined) {
        const text = JSON.stringify(results.at(-1));
        const content = [{ type: 'output_text' as const, text }];
        return {
          usage: new Usage(),
          output: [{ type: 'message', role: 'assistant', status: 'completed', content }],
        };
      }
      const { name } = call;
      return {
        usage: new Usage(),
        output: [
          {
            type: 'function_call',
            callId: name,
            name,
            status: 'completed',
            arguments: JSON.stringify(call.input),
          },
        ],
      };
    },
    getStreamedResponse() {
      throw new Error('The agent does not stream.');
    },
  };
  const answer = await askOpenAi(model, 'Remind me to call Ada.', TASKLANE_URL, TASKLANE_TOKEN);
  assert.match(String(answer), /1 of 1 task/);
  assert.match(String(answer), /Call Ada/);
  assert.ok(names.includes('undo_changes'));
});
