import { createMCPClient } from '@ai-sdk/mcp';
import { generateText, type LanguageModel, stepCountIs } from 'ai';

/** Lets a model answer a question with the user's tasks. `token` is a token for `/mcp`. */
export async function ask(model: LanguageModel, question: string, url: string, token: string) {
  const tasklane = await createMCPClient({
    transport: { type: 'http', url: `${url}/mcp`, headers: { Authorization: `Bearer ${token}` } },
  });
  try {
    const { text } = await generateText({
      model,
      system: tasklane.instructions ?? '',
      tools: await tasklane.tools(),
      stopWhen: stepCountIs(10),
      prompt: question,
    });
    return text;
  } finally {
    await tasklane.close();
  }
}
