// Loaded before the service. Answers each message of the soak test with the memory in bytes that remains after a collection.
process.on('message', () => {
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, heap: heapUsed, external });
});
// The channel must not keep the process running.
process.channel.unref();
