import type { JsonObject } from './lines.js';
import type { Qmp } from './qmp.js';

/** A device to plug into L1. */
export interface PlugRequest {
  /** Names the device for `unplug`: letters, digits, `-`, `.`, `_`, the first a letter. */
  readonly id: string;
  readonly driver: 'usb-kbd' | 'usb-mouse' | 'usb-tablet' | 'usb-serial' | 'usb-storage' | 'usb-hub';
  /**
   * The socket, 1 to 8, or behind a hub `4.2`. usb-storage is a USB 3 device and appears on bus 2, all others on
   * bus 1. Keyboard, mouse and tablet have the same vendor and product: tell them apart by `serial`.
   */
  readonly port: string;
  readonly serial?: string;
}

/** The backends' names must be new even when a device comes back under its old id. */
let backends = 0;

/** Plugs a device in. The kernel in L1 finds it some time after this resolves. */
export async function plug(qmp: Qmp, { id, driver, port, serial }: PlugRequest): Promise<void> {
  const backend = await makeBackend(qmp, driver);
  await qmp.execute('device_add', {
    id,
    driver,
    port,
    bus: 'usb.0',
    ...(serial === undefined ? {} : { serial }),
    ...backend,
  });
}

/** Pulls a device out, with all that is behind it; resolves when QEMU has let go of it. */
export async function unplug(qmp: Qmp, id: string): Promise<void> {
  const gone = qmp.nextEvent(({ event, data }) => event === 'DEVICE_DELETED' && data['device'] === id, 30_000);
  await Promise.all([gone, qmp.execute('device_del', { id })]);
}

async function makeBackend(qmp: Qmp, driver: PlugRequest['driver']): Promise<JsonObject> {
  const name = `backend-${++backends}`;
  switch (driver) {
    case 'usb-serial':
      await qmp.execute('chardev-add', { id: name, backend: { type: 'null', data: {} } });
      // Otherwise it is plugged in only while somebody has the backend open.
      return { chardev: name, 'always-plugged': true };
    case 'usb-storage':
      await qmp.execute('blockdev-add', {
        driver: 'null-co',
        'node-name': name,
        size: 64 * 1024 ** 2,
        'read-zeroes': true,
      });
      return { drive: name };
    case 'usb-kbd':
    case 'usb-mouse':
    case 'usb-tablet':
    case 'usb-hub':
      return {};
    default:
      return driver satisfies never;
  }
}
