/** The parts of an OpenAPI document that differ. */
interface Described {
  readonly webhooks?: unknown;
  readonly tags?: readonly { readonly name: string }[] | undefined;
}

/** The contract for generators of clients, without webhooks: generators would make operations of them. */
export function clientContract<D extends Described>(document: D): Omit<D, 'webhooks'> {
  const { webhooks: _webhooks, ...client } = document;
  return { ...client, tags: client.tags?.filter(({ name }) => name !== 'Webhook events') };
}
