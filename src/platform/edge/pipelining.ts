import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

// No client that is known to pipeline sends as many without reading an answer.
const maxWaiting = 32;

type Exchange = readonly [IncomingMessage, ServerResponse];

interface Connection {
  current: ServerResponse;
  readonly waiting: Exchange[];
}

export interface Pipelining {
  /** Takes the server's requests. */
  readonly listener: RequestListener;
  /** Whether an answer of the server's own, outside of any request, can go out on the connection now. */
  isSilent(socket: Duplex): boolean;
}

/**
 * Gives `listener` one request of a connection at a time. Pipelined requests (RFC 9112, section 9.3.2) wait until the
 * answer before them is sent: Node hands on all requests of a packet at once, and keeps each answer until its turn. A
 * connection on which more than 32 requests wait is broken off.
 */
export function oneAtATime(listener: RequestListener): Pipelining {
  const connections = new WeakMap<Duplex, Connection>();

  function start(connection: Connection, [request, response]: Exchange): void {
    connection.current = response;
    response.once('close', () => next(request.socket, connection));
    listener(request, response);
  }

  function next(socket: Duplex, connection: Connection): void {
    const following = connection.waiting.shift();
    // After the last answer of a connection (`Connection: close`) nothing can be answered on it.
    if (following && !socket.destroyed && !socket.writableEnded) start(connection, following);
    else connections.delete(socket);
  }

  return {
    listener(request, response) {
      const { socket } = request;
      const connection = connections.get(socket);
      if (connection) {
        connection.waiting.push([request, response]);
        if (connection.waiting.length > maxWaiting) socket.destroy();
        return;
      }
      const opened: Connection = { current: response, waiting: [] };
      connections.set(socket, opened);
      start(opened, [request, response]);
    },
    isSilent(socket) {
      const connection = connections.get(socket);
      return !connection || (!connection.current.headersSent && connection.waiting.length === 0);
    },
  };
}
