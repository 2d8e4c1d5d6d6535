/** A client for many event streams: it stores only the last change of each, and when it arrived. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

/** An event stream from the view of its client. */
export interface OpenStream {
  readonly userId: string;
  /** The number of the last change that arrived, and when, by `performance.now()`. */
  seq: number;
  at: number;
  /** The number of changes that did not follow directly on the one before. */
  gaps: number;
  close(): void;
}

const changeId = /id: (\d+)-\S+\nevent: change\n/g;

/** Opens a stream. Resolves when the stream has sent the id of the lane's last change. */
export async function openStream(url: string, userId: string, token: string): Promise<OpenStream> {
  const request = get(`${url}/api/${userId}/events`, {
    agent: false,
    headers: { Authorization: `Bearer ${token}` },
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`The answer for a stream was ${response.statusCode}.`);
  response.setEncoding('utf8');
  const [opening] = (await once(response, 'data')) as [string];
  const stream: OpenStream = {
    userId,
    seq: Number(/id: (\d+)-/.exec(opening)?.[1]),
    at: performance.now(),
    gaps: 0,
    close: () => request.destroy(),
  };
  let unread = '';
  response.on('data', (text: string) => {
    unread += text;
    const end = unread.lastIndexOf('\n\n');
    if (end < 0) return;
    for (const [, id] of unread.slice(0, end).matchAll(changeId)) {
      if (Number(id) !== stream.seq + 1) stream.gaps++;
      stream.seq = Number(id);
      stream.at = performance.now();
    }
    unread = unread.slice(end + 2);
  });
  request.on('error', () => undefined);
  return stream;
}
