/** Makes the AsyncAPI document of the events for brokers from the webhooks of the contract. */
import { changeEvent, resetEvent } from '../src/features/publishing/cloud-event';
import type { Message } from '../src/features/webhooks/events';
import { eventMediaType, type StoredEvent } from '../src/platform/brokers/broker';
import type { Lane } from '../src/platform/database/lane';

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  [keyword: string]: unknown;
}

interface Webhook {
  post: {
    operationId: string;
    summary: string;
    description: string;
    requestBody: { content: { 'application/json': { schema: { $ref: string }; example: Message } } };
  };
}

interface Contract {
  info: { version: string; license: { name: string } };
  webhooks: Record<string, Webhook>;
  components: { schemas: Record<string, Schema> };
}

interface MessageObject {
  readonly name: string;
  readonly [member: string]: unknown;
}

const toSchemas = '#/components/schemas/';
const base = 'https://tasks.example.com';
const lane = { userId: 'ada' } as Lane;
const epoch = '019a9c2e-5b00-4c3a-9d51-7f6a2b1c0d99';

const text = (description: string, more: object = {}): Schema => ({ description, type: 'string', ...more });

const cloudEvent: Schema = {
  description: 'The attributes of every event (CloudEvents 1.0.2, JSON format).',
  type: 'object',
  required: ['specversion', 'id', 'source', 'type', 'time', 'datacontenttype', 'partitionkey', 'data'],
  properties: {
    specversion: text('The version of CloudEvents.', { const: '1.0' }),
    id: text(
      'The number of the change and the epoch of the lane: `<seq>-<epoch>`. It begins with `reset-` for `lane.reset`. An event that is stored twice has the same id.',
    ),
    source: text('The address of the lane. It is relative if the service has no `PUBLIC_URL`.', {
      format: 'uri-reference',
    }),
    type: text('What happened, such as `task.created`.'),
    subject: text(
      'The type and the id of the changed entity, such as `task/<id>`; `profile` for the profile.',
    ),
    time: text('The time of the change.', { format: 'date-time' }),
    datacontenttype: text('The media type of `data`.', { const: 'application/json' }),
    partitionkey: text('The user of the lane. Events with the same key keep their order.'),
    data: { description: 'What happened, in detail.' },
  },
};

const resetData = (contract: Contract): Schema => ({
  description: 'Why changes of the lane are missing.',
  type: 'object',
  required: ['user_id', 'reason', 'seq'],
  properties: {
    user_id: { $ref: `${toSchemas}UserId` },
    reason: contract.components.schemas.ResetEventData?.properties?.reason as Schema,
    seq: { description: 'The next event of the lane has a higher number.', type: 'integer', minimum: 0 },
  },
});

/** The schema of an event: the attributes of all events, with the type and the data of a message to webhooks. */
const eventSchema = (description: string, type: Schema | undefined, data: Schema): Schema => ({
  description,
  type: 'object',
  allOf: [{ $ref: `${toSchemas}CloudEvent` }],
  properties: { ...(type && { type }), data },
});

function message(name: string, title: string, summary: string, { body }: StoredEvent): MessageObject {
  return {
    name,
    title,
    summary,
    contentType: eventMediaType,
    payload: { $ref: `${toSchemas}${name}` },
    examples: [{ name: JSON.parse(body).type, payload: JSON.parse(body) }],
  };
}

/** The names of the schemas that a value refers to, with those that they refer to. */
function referredTo(contract: Contract, value: unknown, names = new Set<string>()): Set<string> {
  JSON.stringify(value, (key, each) => {
    const name = key === '$ref' ? String(each).slice(toSchemas.length) : undefined;
    if (name !== undefined && !names.has(name) && name in contract.components.schemas) {
      names.add(name);
      referredTo(contract, contract.components.schemas[name], names);
    }
    return each;
  });
  return names;
}

/** The document, as JSON. */
function asyncApi(contract: Contract): string {
  const schemas: Record<string, Schema> = { CloudEvent: cloudEvent };
  const messages: MessageObject[] = [];
  for (const { post } of Object.values(contract.webhooks)) {
    const { schema, example } = post.requestBody.content['application/json'];
    const name = schema.$ref.slice(toSchemas.length).replace(/Message$/, 'Event');
    // A test concerns one webhook only.
    if (name === 'TestEvent') continue;
    const { type, data } = contract.components.schemas[schema.$ref.slice(toSchemas.length)]?.properties ?? {};
    schemas[name] = eventSchema(post.summary, type, data as Schema);
    const { seq } = (example.data as { change: { seq: number } }).change;
    const event = changeEvent(base, lane, { epoch, seq }, example);
    messages.push(message(name, post.summary, post.description.trim(), event));
  }
  const summary =
    'Sent if changes of the lane are missing before the next event, or if their numbers were given again after a restore.';
  schemas.ResetEvent = eventSchema(summary, { type: 'string', const: 'lane.reset' }, resetData(contract));
  const reset = resetEvent(base, lane, { epoch, seq: 41 }, 'too-old', new Date('2026-11-21T09:30:00Z'));
  messages.push(message('ResetEvent', 'Changes are missing', summary, reset));

  for (const name of referredTo(contract, schemas))
    schemas[name] ??= contract.components.schemas[name] as Schema;
  const inChannel = Object.fromEntries(
    messages.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }]),
  );
  const operation = (channel: string, title: string) => ({
    action: 'send',
    title,
    summary: 'Events are stored at least once, in the order of their lane.',
    description: 'An event that is stored twice has the same `id`. Its copies come after the first.',
    channel: { $ref: `#/channels/${channel}` },
    messages: messages.map(({ name }) => ({ $ref: `#/channels/${channel}/messages/${name}` })),
  });
  return `${JSON.stringify(
    {
      asyncapi: '3.0.0',
      info: {
        title: 'Tasklane events',
        version: contract.info.version,
        description:
          'The changes of all lanes as CloudEvents, for other systems of the operator. The type and the data of an event are those of the messages to webhooks.',
        license: { name: contract.info.license.name },
      },
      defaultContentType: eventMediaType,
      servers: {
        kafka: { host: 'kafka.example.com:9092', protocol: 'kafka', description: '`BROKER_URL=kafka://…`' },
        nats: { host: 'nats.example.com:4222', protocol: 'nats', description: '`BROKER_URL=nats://…`' },
      },
      channels: {
        kafka: {
          address: 'tasklane',
          title: 'Topic',
          description: 'The topic `BROKER_TOPIC`. The key of a record is the user of the lane.',
          servers: [{ $ref: '#/servers/kafka' }],
          messages: inChannel,
        },
        nats: {
          address: 'tasklane.{part}.{entity}.{action}',
          title: 'Subjects',
          description: 'The subjects below `BROKER_TOPIC`, which a stream of JetStream stores.',
          servers: [{ $ref: '#/servers/nats' }],
          parameters: {
            part: {
              description:
                'The part of the lane, from 0 to 63: the first byte of the SHA-256 of its user, modulo 64.',
            },
            entity: {
              description: 'The type of the changed entity, such as `task`; `lane` for `lane.reset`.',
            },
            action: { description: 'What happened, such as `created`.' },
          },
          messages: inChannel,
        },
      },
      operations: {
        publishToKafka: operation('kafka', 'Events in Kafka'),
        publishToNats: operation('nats', 'Events in NATS'),
      },
      components: {
        messages: Object.fromEntries(messages.map((each) => [each.name, each])),
        schemas: Object.fromEntries(
          Object.entries(schemas).toSorted(([one], [other]) => (one < other ? -1 : 1)),
        ),
      },
    },
    null,
    2,
  )}\n`;
}

/** The document of the events; none if the contract has no webhooks. @param contract the bundled contract */
export function eventFiles(contract: Contract): Record<string, string> {
  return 'webhooks' in contract ? { 'generated/asyncapi.json': asyncApi(contract) } : {};
}
