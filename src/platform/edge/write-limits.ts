import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';

/** How long, and how much, answers may wait for clients that do not read them. */
export interface WriteLimits {
  /** Milliseconds in which a client has to take something of what waits for it. */
  readonly writeTimeoutMs: number;
  /** Bytes that may wait for one client. */
  readonly maxWaitingBytes: number;
  /** Bytes that may wait for all clients together. */
  readonly maxTotalWaitingBytes: number;
}

interface Progress {
  /** Bytes that wait for the client, in this process; the kernel keeps more, in buffers that it bounds. */
  waiting: number;
  /** What of it the kernel has not taken: tells progress within one large write. */
  queued: number;
  /** When the client last took something, in milliseconds of the process' clock. */
  at: number;
}

/** The bytes of the write under way that the kernel has not taken, as Node's own socket time-out counts them. */
function queuedIn(socket: Socket): number {
  return (socket as Socket & { _handle?: { writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
}

/**
 * Breaks off the connections of clients that do not read: those that took nothing for `writeTimeoutMs`, those for which
 * more than `maxWaitingBytes` wait, and, while more than `maxTotalWaitingBytes` wait in all, those that have been slow
 * for the longest time. Streams stop at their own, lower mark (backpressure); this bounds all answers.
 */
export function limitWrites(server: Server, limits: WriteLimits, log: Logger): void {
  const sockets = new Set<Socket>();
  const slow = new Map<Socket, Progress>();

  function measure(socket: Socket, now: number): Progress | undefined {
    const waiting = socket.writableLength;
    // One that has ended waits for the client to close its side.
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
