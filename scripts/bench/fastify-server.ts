/**
 * The same service on Fastify and pg, as its documentation recommends: schemas validate requests and serialize responses.
 * The statements and the tokens are those of the floor, and it does not log.
 */
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { createVerifier, openFloor } from './floor';
import { answerWithCpuTime } from './processes';
import { secret } from './workload';

const text = { type: 'string' };
const time = { type: 'string', format: 'date-time' };
const userId = { ...text, minLength: 1, maxLength: 255 };
const id = { ...text, format: 'uuid' };
const title = { ...text, minLength: 1, maxLength: 200 };
const priority = { enum: ['low', 'medium', 'high', 'urgent'] };
const task = {
  type: 'object',
  properties: {
    id,
    user_id: text,
    title: text,
    description: { type: ['string', 'null'] },
    status: text,
    priority: text,
    due_at: { type: ['string', 'null'], format: 'date-time' },
    created_at: time,
    updated_at: time,
  },
};
const list = {
  type: 'object',
  properties: { items: { type: 'array', items: task }, next_cursor: { type: ['string', 'null'] } },
};
const closed = { type: 'object', additionalProperties: false };
const lane = { type: 'object', properties: { userId } };
const one = { type: 'object', properties: { userId, id } };

interface Lane {
  Params: { userId: string };
}
interface One {
  Params: { userId: string; id: string };
}

async function main(): Promise<void> {
  const tasks = openFloor(process.env.FLOOR_DATABASE_URL as string);
  const verify = createVerifier(secret);
  const app = fastify();
  app.addContentTypeParser(
    'application/merge-patch+json',
    { parseAs: 'string' },
    app.getDefaultJsonParser('error', 'error'),
  );
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const { userId } = request.params as Lane['Params'];
    if (verify(request.headers.authorization) !== userId) await reply.code(403).send({});
  });

  const paths = { lane: '/api/:userId/tasks', one: '/api/:userId/tasks/:id' };
  const page = { ...closed, properties: { limit: { type: 'integer', minimum: 1, maximum: 200 } } };
  app.get<Lane & { Querystring: { limit: number } }>(
    paths.lane,
    { schema: { params: lane, querystring: page, response: { 200: list } } },
    async ({ params, query }) => {
      const rows = await tasks.list(params.userId, query.limit + 1);
      return { items: rows.slice(0, query.limit), next_cursor: null };
    },
  );
  const draft = { ...closed, required: ['title', 'priority'], properties: { title, priority } };
  app.post<Lane & { Body: { title: string; priority: string } }>(
    paths.lane,
    { schema: { params: lane, body: draft, response: { 201: task } } },
    async ({ params, body }, reply) => reply.code(201).send(await tasks.create(params.userId, body)),
  );
  app.get<One>(paths.one, { schema: { params: one, response: { 200: task } } }, async ({ params }, reply) => {
    return (await tasks.get(params.userId, params.id)) ?? reply.callNotFound();
  });
  const patch = { ...closed, required: ['title'], properties: { title } };
  app.patch<One & { Body: { title: string } }>(
    paths.one,
    { schema: { params: one, body: patch, response: { 200: task } } },
    async ({ params, body }, reply) =>
      (await tasks.rename(params.userId, params.id, body.title)) ?? reply.callNotFound(),
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  answerWithCpuTime((app.server.address() as AddressInfo).port);
}

main();
