import { spawnSync } from 'node:child_process';
import type { Message, Severity } from '../core/message.js';
import type { SyslogWriter } from './syslog.js';

/**
 * Syslog by way of util-linux's logger, a process a line: for a Node that cannot load the native addon, which is
 * tied to the one it was built for. Slow, but lines are few, and what udev starts has nobody to read its stderr.
 */
export function openLogger(socketPath: string, path: string): SyslogWriter {
  return {
    send({ severity, text }: Message) {
      const { status } = spawnSync(
        'logger',
        ['--socket', socketPath, '--tag', 'usb-libvirt-hotplug', '--priority', `daemon.${names[severity]}`, '--', text],
        { env: { LC_ALL: 'C', PATH: path }, stdio: 'ignore', timeout: limitMs },
      );
      return status === 0 ? 'sent' : 'failed';
    },
    close: () => undefined,
  };
}

// A syslog that takes nothing must not hold up the work for longer.
const limitMs = 500;

/** logger(1) calls an error err. */
const names: Record<Severity, string> = {
  error: 'err',
  warning: 'warning',
  notice: 'notice',
  info: 'info',
  debug: 'debug',
};
