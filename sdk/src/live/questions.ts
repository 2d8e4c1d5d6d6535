/** Questions to the service that are asked again after each change, as long as someone waits for the answers. */

const delayMs = 300;

export interface Questions {
  /**
   * Asks, and asks again after changes until the returned function is called. One name is one question. The function returns
   * whether nobody else waits for the answer.
   */
  hold(name: string, ask: () => Promise<void>): () => boolean;
  /** Called after each change: the answers may be old. */
  renew(): void;
}

/** Questions are asked at most every 300 ms, and only if `canAsk`. */
export function createQuestions(canAsk: () => boolean): Questions {
  const held = new Map<string, { ask: () => Promise<void>; holders: number }>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const renew = () => {
    if (held.size === 0) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      // What was shown before stays until there is an answer.
      if (canAsk()) for (const { ask } of held.values()) ask().catch(() => undefined);
    }, delayMs);
    (timer as { unref?: () => void }).unref?.();
  };
  return {
    renew,
    hold(name, ask) {
      const question = held.get(name) ?? { ask, holders: 0 };
      question.holders++;
      held.set(name, question);
      renew();
      return () => {
        question.holders--;
        return question.holders === 0 && held.delete(name);
      };
    },
  };
}
