// A host in a box with two buses, for the verbs about assignments.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { addDomain } from '../fake/world.mjs';
import { openBox, type Plug } from '../box.js';

export const keyboard = { port: '1-1', number: 2, serial: 'KBD01' };

/** A host with a USB 2 and a USB 3 bus at one controller, the ports 1 of both the same socket's. */
export function openHost(context: TestContext) {
  const box = openBox(context);
  box.plug({ port: 'usb1', number: 1, bus: 1, hub: true, ids: '1d6b:0002', speed: '480' });
  box.plug({ port: 'usb2', number: 1, bus: 2, hub: true, ids: '1d6b:0003', speed: '5000' });
  box.pair('usb1-port1', 'usb2-port1');
  box.libvirt((state) => addDomain(state, { name: 'guest2' }));
  const file = join(box.directory, 'rules/80-usb-libvirt-hotplug.rules');
  return {
    ...box,
    file,
    /** A device with what udev's rules make of it: the fake udev runs none. */
    plugFor(device: Plug, domain: string) {
      if (!existsSync(join(box.environment.USB_LIBVIRT_SYSFS, 'bus/usb/devices', device.port))) box.plug(device);
      const serial = device.serial === undefined ? {} : { ID_SERIAL_SHORT: device.serial };
      box.setProperties(device.port, { ...serial, ...(domain === '' ? {} : { USB_LIBVIRT_DOMAIN: domain }) });
    },
    rules: () => readFileSync(file, 'utf8'),
    triggered: (...ports: string[]) => {
      const paths = ports.map((port) => `${box.environment.USB_LIBVIRT_SYSFS}/bus/usb/devices/${port}`).join(' ');
      return ['control --reload', `trigger --settle --action=add ${paths}`, `trigger --settle --action=bind ${paths}`];
    },
  };
}

/** What stands above the first assignment. */
export const header = `# The USB devices that belong to domains, whenever they are plugged in: see "usb-libvirt-hotplug assignments".
# Made by "usb-libvirt-hotplug assign"; yours to edit, and what you change or add here is left as it is.
# Of two lines that mean the same device the later one holds.
`;
/** What every line begins with. */
export const everyDevice = 'ACTION=="add|bind|change", SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ';
export const atPort1 = 'DEVPATH=="/devices/pci0000:00/0000:00:05.0/usb*/*-1", KERNELS=="usb*", ';
