/** Reads changes for subscriptions. Subscriptions of a lane with the same position share a read. */
import { ClientCutOff, StaleToken } from '../../platform/database/lane';
import type { ChangeRow } from '../../platform/database/rows';
import { type History, listChanges, lostIn, readHistory } from '../changes/repository';
import { changeText, erasedText, reconnectText, resetText } from './format';
import { behind, hasBehind, type LaneStreams } from './registry';
import { isReady, type StreamWriter, type Subscription } from './subscription';

const pageSize = 100;
const chunkLength = 16 * 1024;
// The maximum number of connections for streams. Requests need the rest of the pool.
const maxReaders = 4;

export interface ReaderDependencies {
  readonly writer: StreamWriter;
  /** Called after each read: with its error, or with null if it succeeded. */
  onRead(error: unknown): void;
}

export interface Reader {
  /** Reads for the subscriptions of a lane as soon as a reader is free. */
  serve(lane: LaneStreams): void;
}

/** Creates the reader. */
export function createReader({ writer, onRead }: ReaderDependencies): Reader {
  const waiting = new Set<LaneStreams>();
  let readers = 0;

  function deliver(
    subscriptions: readonly Subscription[],
    userId: string,
    epoch: string,
    rows: readonly ChangeRow[],
  ): void {
    const texts = rows.map((row) => changeText(userId, epoch, row));
    for (const subscription of subscriptions) {
      for (let next = 0; next < rows.length && isReady(subscription); ) {
        let text = '';
        do text += texts[next++];
        while (next < rows.length && text.length < chunkLength);
        subscription.position = { epoch, seq: Number(rows[next - 1]?.seq) };
        writer.send(subscription, text);
      }
    }
  }

  /** Reads the next changes for subscriptions with the same position and the same client. */
  async function advance(streams: LaneStreams, subscriptions: readonly Subscription[]): Promise<void> {
    const [first] = subscriptions as [Subscription];
    const { position, lane } = first;
    let history: History;
    let rows: ChangeRow[];
    try {
      [history, rows] = await lane.read((snapshot) =>
        Promise.all([readHistory(snapshot), listChanges(snapshot, position.seq, pageSize)]),
      );
    } catch (error) {
      if (error instanceof ClientCutOff) {
        for (const each of subscriptions) writer.end(each, reconnectText('cut-off'));
        return;
      }
      if (!(error instanceof StaleToken)) throw error;
      writer.end(first, erasedText);
      // The token of another subscription may be newer than the erasure of the lane.
      streams.woken = true;
      return;
    }
    streams.history = history;
    const { epoch, counter } = history;
    const lost = lostIn(history, position);
    if (epoch === null && position.epoch !== null) {
      for (const each of subscriptions) writer.end(each, erasedText);
    } else if (lost) {
      const present = { epoch, seq: counter };
      for (const each of subscriptions) {
        each.position = present;
        writer.send(each, resetText(lost, present));
      }
    } else if (epoch !== null) {
      deliver(subscriptions, streams.userId, epoch, rows);
    }
  }

  async function advanceAll(streams: LaneStreams): Promise<void> {
    streams.reading = true;
    try {
      const groups = behind(streams);
      streams.woken = false;
      for (const group of groups) await advance(streams, group);
      onRead(null);
      // Each subscription gets one page. Then it is the turn of another lane.
      if (hasBehind(streams)) waiting.add(streams);
    } catch (error) {
      onRead(error);
    } finally {
      streams.reading = false;
    }
  }

  async function readWaiting(): Promise<void> {
    for (const streams of waiting) {
      waiting.delete(streams);
      // A reader that already reads this lane sees `woken`, and reads the lane again.
      if (!streams.reading) await advanceAll(streams);
    }
  }

  return {
    serve(lane) {
      waiting.add(lane);
      if (readers === maxReaders) return;
      readers++;
      void readWaiting().finally(() => readers--);
    },
  };
}
