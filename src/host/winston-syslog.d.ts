// winston-syslog brings no types. Of its inside only what host/syslog.ts has to hold in check is told here.
declare module 'winston-syslog' {
  import Transport from 'winston-transport';

  export interface SyslogOptions {
    protocol: 'unix';
    path: string;
    appName: string;
    facility: string;
    /** The host name in each line; journald and rsyslog want none on the local socket. */
    localhost: null;
    type: 'BSD';
  }

  export class Syslog extends Transport {
    constructor(options: SyslogOptions);
    /** Messages that could not be sent; with `protocol: 'unix'` nothing ever takes them out again. */
    queue: string[];
    /** Counts down once too often after an error, and close() waits for it. */
    inFlight: number;
  }
}

declare module 'unix-dgram';
