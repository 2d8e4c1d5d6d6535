/**
 * `create <port>` makes the topic `tasklane` with 4 partitions; `read <port>` writes its records from the first, one a line, until it is
 * killed. It is a process of its own, because Jest cannot load the client, an ES module with WebAssembly.
 */
import { randomUUID } from 'node:crypto';
import { Admin, Consumer } from '@platformatic/kafka';

const [, , command, port] = process.argv;
const options = { clientId: 'test', bootstrapBrokers: [`127.0.0.1:${port}`], retries: 30 };

if (command === 'create') {
  const admin = new Admin(options);
  await admin.createTopics({ topics: ['tasklane'], partitions: 4, replicas: 1 });
  await admin.close();
} else {
  const consumer = new Consumer({ ...options, groupId: randomUUID() });
  const stream = await consumer.consume({ topics: ['tasklane'], mode: 'earliest', autocommit: false });
  for await (const { key, value, headers } of stream) {
    const contentType = headers.get(Buffer.from('content-type')) ?? [...headers.values()][0];
    const record = { key: String(key), contentType: String(contentType), event: JSON.parse(String(value)) };
    process.stdout.write(`${JSON.stringify(record)}\n`);
  }
}
