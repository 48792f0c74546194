import { failed, ok, warning, type Result } from './finding.js';
import { printable } from './message.js';

/** A USB controller of a domain, as its XML tells. */
export interface UsbController {
  /** "qemu-xhci"; libvirt fills it in where a definition says nothing. */
  readonly model: string;
  /** The `ports` attribute, which only the xhci models have. */
  readonly ports: number | undefined;
}

/** What a running domain has to plug USB devices into. */
export interface UsbPorts {
  readonly controllers: readonly UsbController[];
  /** Emulated hubs, of eight ports each. */
  readonly hubs: number;
  /** Devices that have a USB address: hostdevs, tablets, hubs, redirections. */
  readonly taken: number;
}

type Speed = 'low and full' | 'high' | 'all';

/** How many ports a controller has for devices, and for which (libvirt's virDomainUSBAddressControllerModelToPorts). */
export function portsOf({ model, ports }: UsbController): { count: number; speed: Speed } {
  // The companions of an ehci take over its ports for slower devices, and add none.
  if (/^ich9-uhci/.test(model)) return { count: 0, speed: 'low and full' };
  if (/-uhci$/.test(model)) return { count: 2, speed: 'low and full' };
  if (model === 'pci-ohci') return { count: 3, speed: 'low and full' };
  if (/ehci/.test(model)) return { count: 6, speed: 'high' };
  if (/xhci$/.test(model)) return { count: ports ?? 4, speed: 'all' };
  if (/^qusb/.test(model)) return { count: ports ?? 8, speed: 'all' };
  return { count: 0, speed: 'all' };
}

/** Whether a domain can take more devices, and of every speed. */
export function judgeUsbPorts(domain: string, { controllers, hubs, taken }: UsbPorts): Result {
  const name = printable(domain);
  const kinds = controllers.map((controller) => ({ ...portsOf(controller), model: controller.model }));
  const count = kinds.reduce((sum, kind) => sum + kind.count, 8 * hubs);
  const models = kinds.map((kind) => (kind.count === 0 ? kind.model : `${kind.model} with ${kind.count} ports`));
  if (count === 0) return failed(`${name} has no USB controller`, remedyFor(name));

  const detail = `${name} has ${models.join(', ')}; ${taken} taken, ${Math.max(0, count - taken)} free`;
  const speeds = new Set(kinds.map(({ speed }) => speed));
  if (!speeds.has('all') && !speeds.has('high')) {
    return warning(`${detail}; only low and full speed devices (12M) fit, no sticks or disks`, remedyFor(name));
  }
  if (!speeds.has('all') && !speeds.has('low and full')) {
    return warning(`${detail}; only high speed devices (480M) fit, no keyboards or mice`, remedyFor(name));
  }
  return count > taken ? ok(detail) : warning(`${detail}; nothing more can be attached`, remedyFor(name));
}

function remedyFor(name: string): string {
  return `have <controller type='usb' model='qemu-xhci' ports='15'/> in "virsh edit ${name}", and start the domain anew`;
}
