/**
 * Wake-ups: a process tells the others of the service that a lane has new changes, so that they need not wait until they look
 * for changes themselves. A wake-up is a hint without any data. It can be lost or come twice.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashUser } from '../observability/logger';
import type { OpenChannel } from './channel';

/** Who gets the wake-ups of other processes. */
export interface WakeUpListener {
  /** Called with the hash of each user (`hashUser`) whose lane has new changes. */
  woken(userHash: string): void;
  /** Called when wake-ups may have been lost: every lane may have new changes. */
  missed(): void;
}

export interface WakeUps {
  /** Tells the other processes that a user's lane has new changes. It returns at once and never throws. */
  send(userId: string): void;
  /** Whether wake-ups of other processes arrive now, as far as this process knows. */
  isUp(): boolean;
  /** Checks the connection, because a change of another process was found without a wake-up. */
  check(): void;
  close(): void;
}

// Postgres limits a notification to 8,000 bytes. A hash has 16 characters.
const maxHashes = 400;
/** The text after the name of the sender if more lanes than this have changed. */
const everyLane = '*';

/** If no process listens, none is told for this long. */
export const quietMs = 5_000;
// After an error, the next text is sent this much later.
const pauseMs = 1_000;
// The least time between two texts. It limits what many writes cost; the first one is sent at once.
const spacingMs = 20;

/** Makes the wake-ups of a process. It sends one text at a time, with all lanes that changed since the last one. */
export function createWakeUps(
  openChannel: OpenChannel,
  listener: WakeUpListener,
  now: () => number = () => performance.now(),
): WakeUps {
  const sender = randomBytes(6).toString('hex');
  const waiting = new Set<string>();
  let isSending = false;
  let quietUntil = Number.NEGATIVE_INFINITY;

  const channel = openChannel({
    received(text) {
      const [from, ...hashes] = text.split(' ');
      if (from === sender) return;
      if (hashes[0] === everyLane) listener.missed();
      else for (const hash of hashes.slice(0, maxHashes)) listener.woken(hash);
    },
    opened: () => listener.missed(),
  });

  async function sendWaiting(): Promise<void> {
    isSending = true;
    while (waiting.size > 0) {
      const hashes = waiting.size > maxHashes ? everyLane : [...waiting].join(' ');
      waiting.clear();
      try {
        const isHeard = await channel.send(`${sender} ${hashes}`);
        if (!isHeard) quietUntil = now() + quietMs;
      } catch {
        quietUntil = now() + pauseMs;
      }
      await sleep(spacingMs, undefined, { ref: false });
    }
    isSending = false;
  }

  return {
    send(userId) {
      if (waiting.size > maxHashes || now() < quietUntil) return;
      waiting.add(hashUser(userId));
      if (!isSending) void sendWaiting();
    },
    isUp: () => channel.isUp(),
    check: () => channel.check?.(),
    close: () => channel.close(),
  };
}

/** The wake-ups of a service that has only one process. */
export const noWakeUps: WakeUps = { send() {}, isUp: () => false, check() {}, close() {} };
