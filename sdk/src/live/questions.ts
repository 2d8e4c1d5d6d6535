/** Answers of the service to what the subscribers of a copy read. */

const delayMs = 300;

interface Question {
  /** What `present` was when it was asked. */
  readonly asked: string;
  readonly answer?: unknown;
}

export interface QuestionOptions {
  /** A text that changes when answers become old; undefined if the service cannot be asked. */
  readonly present: () => string | undefined;
  /** Lets the subscribers read. */
  readonly notify: () => void;
}

/** The last answer to a question; undefined if there is none. The service is asked soon, if a subscriber reads it. */
export type Ask = <T>(key: string, request: () => Promise<T>) => T | undefined;

export function createQuestions({ present, notify }: QuestionOptions): Ask {
  const questions = new Map<string, Question>();
  let isWaiting = false;
  let read: Map<string, () => Promise<unknown>> | undefined;

  /** Asks what subscribers still read: the earlier letters of a search are not searched. */
  function askAll(): void {
    isWaiting = false;
    read = new Map();
    notify();
    const wanted = read;
    read = undefined;
    const asked = present();
    for (const key of questions.keys()) if (!wanted.has(key)) questions.delete(key);
    for (const [key, request] of wanted) {
      const known = questions.get(key);
      if (!asked || known?.asked === asked) continue;
      // The last answer is shown until there is a new one.
      questions.set(key, { ...known, asked });
      request().then(
        (answer) => {
          if (questions.get(key)?.asked === asked) questions.set(key, { asked, answer });
          notify();
        },
        () => questions.delete(key),
      );
    }
  }
  return <T>(key: string, request: () => Promise<T>) => {
    const known = questions.get(key);
    const now = present();
    if (read) read.set(key, request);
    else if (now && known?.asked !== now && !isWaiting) {
      isWaiting = true;
      const timer: unknown = setTimeout(askAll, delayMs);
      // In Node, it must not keep a program alive after the lane was closed. In browsers, a timer is a number.
      (timer as { unref?: () => void }).unref?.();
    }
    return known?.answer as T | undefined;
  };
}
