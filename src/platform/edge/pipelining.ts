import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

// Known clients that pipeline send fewer requests without reading an answer.
const maxWaiting = 32;

type Exchange = readonly [IncomingMessage, ServerResponse];

interface Connection {
  current: ServerResponse;
  readonly waiting: Exchange[];
}

export interface Pipelining {
  /** Handles the server's requests. */
  readonly listener: RequestListener;
  /** Whether the server can send an answer of its own on the connection now, outside a request. */
  canAnswer(socket: Duplex): boolean;
}

/**
 * Gives `listener` the requests of a connection one at a time. Pipelined requests (RFC 9112, section 9.3.2) wait
 * until the previous answer is sent: Node would emit all requests of a packet at once and buffer each answer until
 * its turn. A connection with more than 32 waiting requests is closed.
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
    // After a response with `Connection: close`, no other answer can be sent.
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
    canAnswer(socket) {
      const connection = connections.get(socket);
      return !connection || (!connection.current.headersSent && connection.waiting.length === 0);
    },
  };
}
