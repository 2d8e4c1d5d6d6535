/** The processes of the benchmark and how they talk: a child says when it is ready, then answers message by message. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A started child process. */
export interface Child<Ready, Question, Answer> {
  readonly ready: Ready;
  ask(question: Question): Promise<Answer>;
  stop(): Promise<void>;
}

/** A server under test; asked anything, it tells the CPU time that it has used, in microseconds. */
export type ServerChild = Child<{ port: number }, 'cpu', number>;

function nextMessage<T>(child: ChildProcess, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`${name} ended.`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as T);
    });
  });
}

/** Starts a module of this folder as a process, in an environment of its own; rejects if it ends before it is ready. */
export async function startChild<Ready, Question extends string | object, Answer>(
  name: string,
  argument: string,
  environment: Record<string, string>,
  signal: AbortSignal,
): Promise<Child<Ready, Question, Answer>> {
  signal.throwIfAborted();
  const child = fork(join(__dirname, name), [argument], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...environment },
    // The log is written, and goes nowhere.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    signal,
  });
  // An abort is told by the exit that follows.
  child.on('error', () => undefined);
  const exited = once(child, 'exit');
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

/** In a server under test: tells where it serves, and its CPU time when asked. */
export function answerWithCpuTime(port: number): void {
  answerParent({ port }, () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  });
}
