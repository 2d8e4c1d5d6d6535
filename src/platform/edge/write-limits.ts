import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';

/** The limits for answers that clients do not read. */
export interface WriteLimits {
  /** Milliseconds in which a client must read at least some of the waiting data. */
  readonly writeTimeoutMs: number;
  /** The maximum number of waiting bytes for one client. */
  readonly maxWaitingBytes: number;
  /** The maximum number of waiting bytes for all clients together. */
  readonly maxTotalWaitingBytes: number;
}

interface Progress {
  /** The bytes that wait for the client in this process. The kernel holds more, in bounded buffers. */
  waiting: number;
  /** The bytes that the kernel has not accepted yet. They show progress within one large write. */
  queued: number;
  /** When the client last read something, in milliseconds of the process' monotonic clock. */
  at: number;
}

/** The bytes of the current write that the kernel has not accepted yet. Node's own socket timeout uses the same value. */
function queuedIn(socket: Socket): number {
  return (socket as Socket & { _handle?: { writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
}

/**
 * Closes the connections of clients that do not read: if a client read nothing for `writeTimeoutMs`, or if more than
 * `maxWaitingBytes` wait for it. If more than `maxTotalWaitingBytes` wait in total, the connections that have been slow
 * for the longest time are closed too. Streams pause earlier by themselves (backpressure); this limits all answers.
 */
export function limitWrites(server: Server, limits: WriteLimits, log: Logger): void {
  const sockets = new Set<Socket>();
  const slow = new Map<Socket, Progress>();

  function measure(socket: Socket, now: number): Progress | undefined {
    const waiting = socket.writableLength;
    // After the end of the answer, the socket waits for the client to close.
    if (waiting === 0 && !socket.writableEnded) return undefined;
    const queued = queuedIn(socket);
    const before = slow.get(socket);
    const idle = before?.waiting === waiting && before.queued === queued;
    return { waiting, queued, at: idle ? before.at : now };
  }

  function sweep(): void {
    const now = performance.now();
    let total = 0;
    for (const socket of sockets) {
      const progress = measure(socket, now);
      if (progress) {
        slow.set(socket, progress);
        total += progress.waiting;
      } else slow.delete(socket);
    }
    if (slow.size === 0) return;
    const reasons = { stalled: 0, connection: 0, total: 0 };
    const cut = (socket: Socket, { waiting }: Progress, reason: keyof typeof reasons) => {
      slow.delete(socket);
      sockets.delete(socket);
      socket.destroy();
      total -= waiting;
      reasons[reason]++;
    };
    for (const [socket, progress] of [...slow]) {
      if (now - progress.at >= limits.writeTimeoutMs) cut(socket, progress, 'stalled');
      else if (progress.waiting > limits.maxWaitingBytes) cut(socket, progress, 'connection');
    }
    if (total > limits.maxTotalWaitingBytes) {
      const slowest = [...slow].toSorted(([, a], [, b]) => a.at - b.at || b.waiting - a.waiting);
      for (const [socket, progress] of slowest) {
        if (total <= limits.maxTotalWaitingBytes) break;
        cut(socket, progress, 'total');
      }
    }
    const connections = reasons.stalled + reasons.connection + reasons.total;
    if (connections > 0) log.warn({ connections, ...reasons }, 'disconnected clients that do not read');
  }

  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      slow.delete(socket);
    });
  });
  const timer = setInterval(sweep, Math.min(1_000, limits.writeTimeoutMs / 4));
  timer.unref();
  server.once('close', () => clearInterval(timer));
}
