import { createRequire } from 'node:module';

interface DatagramSocket {
  bind: (path: string) => void;
  close: () => void;
}

/** Listens where syslog would: the lines that came, and what ends it. */
export function listenAsSyslog(socketPath: string): { received: string[]; stop: () => void } {
  const { createSocket } = createRequire(import.meta.url)('unix-dgram') as {
    createSocket: (type: 'unix_dgram', onMessage: (message: Buffer) => void) => DatagramSocket;
  };
  const received: string[] = [];
  const socket = createSocket('unix_dgram', (message) => received.push(message.toString()));
  socket.bind(socketPath);
  let open = true;
  return {
    received,
    // A second close would abort the process.
    stop: () => {
      if (open) socket.close();
      open = false;
    },
  };
}
