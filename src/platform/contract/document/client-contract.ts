/** The parts of an OpenAPI document that differ. */
interface Described {
  readonly webhooks?: unknown;
  readonly tags?: readonly { readonly name: string }[] | undefined;
}

/** The contract without its `webhooks`, for code generators: they would create client operations for webhook messages. */
export function clientContract<D extends Described>(document: D): Omit<D, 'webhooks'> {
  const { webhooks: _webhooks, ...client } = document;
  return { ...client, tags: client.tags?.filter(({ name }) => name !== 'Webhook events') };
}
