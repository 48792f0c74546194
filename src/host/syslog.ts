/** winston and winston-syslog, loaded only when there is something to log: they cost as much as Node's own start. */
import { constants } from 'node:os';
// winston-syslog loads it with the first line, in the middle of a stream, where a failure cannot be caught.
import 'unix-dgram';
import { config, createLogger, format, type Logger } from 'winston';
import { Syslog } from 'winston-syslog';
import type { Message } from '../core/message.js';

export interface SyslogWriter {
  /** Sends one line, and knows before it returns whether it was taken. `congested`: the reader is slow; try again soon. */
  send(message: Message): 'sent' | 'congested' | 'failed';
  /** Lets go of the socket, which otherwise keeps the process alive. */
  close(): void;
}

/**
 * Opens the local syslog. What winston-syslog 2.7 does wrong is kept in here: after an error the transport
 * is cut off from its logger for good, and its close() waits four seconds for a queue that nobody empties,
 * so a logger that erred is emptied, closed and not used again. Loading this file throws where the native
 * addon cannot be loaded.
 */
export function openSyslog(socketPath: string): SyslogWriter {
  let open: { readonly logger: Logger; readonly transport: Syslog } | undefined;
  let errors: NodeJS.ErrnoException[] = [];

  function start() {
    const transport = new Syslog({
      protocol: 'unix',
      path: socketPath,
      appName: 'usb-libvirt-hotplug',
      facility: 'daemon',
      localhost: null,
      type: 'BSD',
    });
    const logger = createLogger({
      levels: config.syslog.levels,
      level: 'debug',
      format: format.printf(({ message }) => String(message)),
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- it is one: host/winston-syslog.d.ts
      transports: [transport],
    });
    logger.on('error', (cause: NodeJS.ErrnoException) => {
      errors.push(cause);
    });
    return { logger, transport };
  }

  function close() {
    if (open === undefined) return;
    open.transport.queue = [];
    open.transport.inFlight = 0;
    open.logger.close();
    open = undefined;
  }

  return {
    send({ severity, text }) {
      errors = [];
      open ??= start();
      open.logger.log(severity, text);
      const [error] = errors;
      if (error === undefined) return 'sent';
      close();
      return error.errno === -constants.errno.EAGAIN ? 'congested' : 'failed';
    },
    close,
  };
}
