import type { Environment } from '../core/event.js';

/** Where the world is. The environment can move each of them, for tests and for odd hosts. */
export interface Places {
  /** Wants, states, `wake` and the lock: a directory that only root writes. */
  readonly runDirectory: string;
  /** Where sysfs is mounted. */
  readonly sysfs: string;
  /** The PATH that virsh and flock are looked up in and run with. */
  readonly path: string;
  /** The datagram socket that syslog listens on. */
  readonly syslogSocket: string;
  /** The file that tells in which control group this process is. */
  readonly cgroup: string;
  /** Where udev reads the rules of this host's owner. */
  readonly rulesDirectory: string;
}

export function placesFrom(environment: Environment): Places {
  return {
    runDirectory: environment['USB_LIBVIRT_RUN_DIRECTORY'] ?? '/run/usb-libvirt-hotplug',
    sysfs: environment['USB_LIBVIRT_SYSFS'] ?? '/sys',
    path: environment['USB_LIBVIRT_PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    syslogSocket: environment['USB_LIBVIRT_SYSLOG'] ?? '/dev/log',
    cgroup: environment['USB_LIBVIRT_CGROUP'] ?? '/proc/self/cgroup',
    rulesDirectory: (environment['USB_LIBVIRT_RULES'] ?? '/etc/udev/rules.d').split(':', 1).join(),
  };
}
