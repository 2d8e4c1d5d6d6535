import type { ApiResponse } from '../support/api';
import type { CaseContext, CasesOf } from './cases';

const absentId = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d60';

/** Creates a tag through its only task. */
async function makeTag({ send, lane }: CaseContext, name = 'home'): Promise<ApiResponse['body']> {
  await send('POST', `${lane}/tasks`, { body: { title: 'A task', tags: [name] } });
  const { body } = await send('GET', `${lane}/tags`);
  return body.items.find((tag: { name: string }) => tag.name === name);
}

export const tagCases: CasesOf<'listTags' | 'getTag' | 'updateTag' | 'deleteTag'> = {
  listTags: {
    200: async (context) => {
      const tag = await makeTag(context);
      const response = await context.send('GET', `${context.lane}/tags`);
      expect(response.body).toEqual({
        items: [tag],
        counts: { [tag.id]: { open: 1, total: 1 } },
        next_cursor: null,
      });
      return response;
    },
  },
  getTag: {
    200: async (context) => {
      const tag = await makeTag(context);
      const response = await context.send('GET', `${context.lane}/tags/${tag.id}`);
      expect(response.body).toEqual(tag);
      expect(tag).toMatchObject({ user_id: context.userId, name: 'home', color: null, version: 1 });
      return response;
    },
    404: ({ send, lane }) => send('GET', `${lane}/tags/${absentId}`),
  },
  updateTag: {
    200: async (context) => {
      const tag = await makeTag(context);
      const response = await context.send('PATCH', `${context.lane}/tags/${tag.id}`, {
        body: { name: 'House', color: '#2f855a' },
      });
      expect(response.body).toMatchObject({ id: tag.id, name: 'House', color: '#2f855a', version: 2 });
      const { body } = await context.send('GET', `${context.lane}/tasks`);
      expect(body.items[0]).toMatchObject({ tags: ['House'], version: 2 });
      return response;
    },
    404: ({ send, lane }) => send('PATCH', `${lane}/tags/${absentId}`, { body: {} }),
  },
  deleteTag: {
    204: async (context) => {
      const tag = await makeTag(context);
      const response = await context.send('DELETE', `${context.lane}/tags/${tag.id}`);
      const { body } = await context.send('GET', `${context.lane}/tasks`);
      expect(body.items[0]).toMatchObject({ tags: [], version: 2 });
      return response;
    },
    404: ({ send, lane }) => send('DELETE', `${lane}/tags/${absentId}`),
  },
};
