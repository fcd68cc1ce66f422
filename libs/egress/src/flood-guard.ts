import type { Socket } from 'node:net';

/** Sent by a destination that does not come to an end: more than any response we take can be, whatever it is made of. */
export class FloodError extends Error {
  constructor() {
    super('the response goes on and on');
    this.name = 'FloodError';
  }
}

/** Of one response, as received: many times the largest body there is, for chunks of a byte are six bytes long. */
const MOST_BYTES = 16_777_216;

/**
 * Ends a connection on which one response takes more than 16 MiB. Caps on head and body do not see what is neither:
 * chunk extensions and early hints may go on for as long as the deadline is away, as fast as the network is.
 */
export function guardAgainstFloods(socket: Socket): void {
  let requestsSent = -1; // in bytes: it has grown when another request has gone
  let readBefore = 0;
  socket.on('readable', () => {
    if (socket.bytesWritten !== requestsSent) {
      requestsSent = socket.bytesWritten;
      readBefore = socket.bytesRead;
    } else if (socket.bytesRead - readBefore > MOST_BYTES) {
      socket.destroy(new FloodError());
    }
  });
}
