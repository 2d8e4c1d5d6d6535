import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

// Known clients that pipeline send fewer requests without reading an answer.
const maxWaiting = 32;

type Exchange = readonly [IncomingMessage, ServerResponse];

/** A connection with a request that is not answered yet. */
class Connection {
  readonly waiting: Exchange[] = [];
  constructor(
    readonly socket: Duplex,
    public current: ServerResponse,
  ) {}
}

export interface Pipelining {
  /** Handles the server's requests. */
  readonly listener: RequestListener;
  /** Whether the server can send an answer of its own on the connection now, outside a request. */
  canAnswer(socket: Duplex): boolean;
}

const connectionOf = Symbol('connection');
type Connected<T> = T & { [connectionOf]?: Connection | undefined };

/**
 * Gives `listener` the requests of a connection one at a time. Pipelined requests (RFC 9112, section 9.3.2) wait
 * until the previous answer is sent: Node would emit all requests of a packet at once and buffer each answer until
 * its turn. A connection with more than 32 waiting requests is closed.
 */
export function oneAtATime(listener: RequestListener): Pipelining {
  function start(connection: Connection, request: IncomingMessage, response: ServerResponse): void {
    connection.current = response;
    // Node takes the socket away from the response before it closes.
    (response as Connected<ServerResponse>)[connectionOf] = connection;
    response.on('close', next);
    listener(request, response);
  }

  function next(this: Connected<ServerResponse>): void {
    const connection = this[connectionOf] as Connection;
    const { socket, waiting } = connection;
    const following = waiting.shift();
    // After a response with `Connection: close`, no other answer can be sent.
    if (following && !socket.destroyed && !socket.writableEnded) start(connection, ...following);
    else (socket as Connected<Duplex>)[connectionOf] = undefined;
  }

  return {
    listener(request, response) {
      const socket = request.socket as Connected<Duplex>;
      const connection = socket[connectionOf];
      if (connection) {
        connection.waiting.push([request, response]);
        if (connection.waiting.length > maxWaiting) socket.destroy();
        return;
      }
      const opened = new Connection(socket, response);
      socket[connectionOf] = opened;
      start(opened, request, response);
    },
    canAnswer(socket: Connected<Duplex>) {
      const connection = socket[connectionOf];
      return !connection || (!connection.current.headersSent && connection.waiting.length === 0);
    },
  };
}
