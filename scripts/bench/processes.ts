/** Communication between the processes of a benchmark: a child reports when it is ready, then answers each message. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

/** A started child process. */
export interface Child<Ready, Question, Answer> {
  readonly ready: Ready;
  ask(question: Question): Promise<Answer>;
  stop(): Promise<void>;
}

function nextMessage<T>(child: ChildProcess, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`The benchmark's ${name} ended.`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as T);
    });
    if (!child.connected) ended();
  });
}

/**
 * Starts a module of this folder as a process, with `flags` for Node. `signal` ends the process. Rejects if it ends before it
 * is ready.
 */
export async function startChild<Ready, Question extends string | object, Answer>(
  name: string,
  argument: string,
  options: { environment: Record<string, string>; signal: AbortSignal; flags?: readonly string[] },
): Promise<Child<Ready, Question, Answer>> {
  const { environment, signal, flags = [] } = options;
  signal.throwIfAborted();
  const child = fork(join(__dirname, name), [argument], {
    env: { NODE_ENV: 'production', ...environment },
    execArgv: [...process.execArgv, ...flags],
    // The service writes its log, and it is discarded.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    signal,
  });
  // An abort, and a message to a process that has ended, are detected by the exit.
  child.on('error', () => undefined);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  return {
    ready: await nextMessage<Ready>(child, name),
    ask(question) {
      const answer = nextMessage<Answer>(child, name);
      child.send(question);
      return answer;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** In a child: answers its parent, and ends with it. */
export function answerParent<Question, Answer>(
  ready: object,
  answer: (question: Question) => Answer | Promise<Answer>,
): void {
  process.on('message', async (question) => void process.send?.(await answer(question as Question)));
  process.once('disconnect', () => process.exit());
  process.send?.(ready);
}

/** In a server under test: reports its port, and its CPU time for each message. */
export function answerWithCpuTime(port: number): void {
  answerParent({ port }, () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  });
}
