/** The code of `docs/agents.md` for agents is that of `examples/chat`, which CI checks and runs. */
import { readFileSync } from 'node:fs';
import { projectPath } from '../../src/platform/paths';

const page = readFileSync(projectPath('docs/agents.md'), 'utf8');

test.each(['ai-sdk.ts', 'openai-agents.ts'])('the page shows %s of the example', (name) => {
  const code = readFileSync(projectPath('examples/chat', name), 'utf8');
  expect(page).toContain(`\`\`\`ts\n// ${name}\n${code}\`\`\`\n`);
});
