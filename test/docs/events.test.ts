/** Checks docs/events.md and the subscriber of Dapr: each handles the described events once and in order. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { transformSync } from '@swc/core';
import { projectPath } from '../../src/platform/paths';
import { asyncApiText } from '../support/asyncapi';
import { testConfig } from '../support/service';

const page = readFileSync(projectPath('docs', 'events.md'), 'utf8');
const { components } = JSON.parse(asyncApiText);
const exampleOf = (name: string) => components.messages[name].examples[0].payload;
const task = exampleOf('TaskEvent');
const reset = exampleOf('ResetEvent');
const numbered = (seq: number) => ({
  ...task,
  data: { ...task.data, change: { ...task.data.change, seq } },
});

test('the consumer handles each event once', () => {
  const [, code = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const compiled = transformSync(code, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
    module: { type: 'commonjs' },
  });
  const module: { handle?: (event: unknown, reload: (user: string) => void) => boolean } = {};
  new Function('exports', compiled.code)(module);
  const reloaded: string[] = [];
  const handled = [numbered(1), numbered(2), numbered(1), numbered(2), reset, numbered(41), numbered(42)].map(
    (event) => module.handle?.(event, (user) => reloaded.push(user)),
  );
  expect(handled).toEqual([true, true, false, false, true, false, true]);
  expect(reloaded).toEqual(['ada']);
});

test('the subscriber of Dapr handles each event once, and asks for a retry if it fails', async () => {
  const child = spawn(process.execPath, [projectPath('deploy', 'dapr', 'subscriber.mjs')], {
    env: { ...process.env, APP_PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  try {
    const port = String((await lines.next()).value).replace('listening on ', '');
    const send = async (body: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents+json' },
        body,
      });
      return response.json();
    };
    for (const event of [task, task, reset]) {
      expect(await send(JSON.stringify(event))).toEqual({ status: 'SUCCESS' });
    }
    expect(await send('{')).toEqual({ status: 'RETRY' });
    expect((await lines.next()).value).toBe('ada 41 task.created');
    expect((await lines.next()).value).toBe('ada 41 lane.reset');
  } finally {
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  }
});

test('the page names every setting of the broker and its default', () => {
  const names = Object.keys(
    Object.fromEntries(
      [...readFileSync(projectPath('.env.example'), 'utf8').matchAll(/^(BROKER_\w+)=/gm)].map(([, name]) => [
        name,
        '',
      ]),
    ),
  );
  expect(names).toHaveLength(8);
  for (const name of names) expect(page).toContain(`\`${name}\``);
  const { broker } = testConfig({ BROKER_URL: 'nats://nats' });
  expect(broker).toMatchObject({
    topic: 'tasklane',
    mechanism: 'SCRAM-SHA-512',
    intervalMs: 1_000,
    withHistory: false,
  });
});
