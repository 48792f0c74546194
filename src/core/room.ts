import { failed, ok, warning, type Result } from './finding.js';
import { fits, type GuestBus } from './guest-ports.js';
import { describeSpeed, type InventoryDevice } from './inventory.js';
import { printable } from './message.js';

/** A line for each of a domain's buses, and one for what waits and has no place there. */
export function describeRoom(buses: readonly GuestBus[], waiting: readonly InventoryDevice[]): string[] {
  if (buses.length === 0) return ['no USB controller: nothing can be attached'];
  const free = freePortsOf(buses);
  const misfits = waiting
    .filter(({ speed }) => !buses.some((bus) => fits(bus, speed)))
    .map(
      (device) => `no controller takes the speed of ${device.name} (${describeSpeed(device.speed)}); a qemu-xhci does`,
    );
  const crowd = waiting.length > free ? [`${waiting.length} wait, and there is room for ${free}`] : [];
  return [...buses.map(describeBus), ...misfits, ...crowd];
}

/** Whether a domain can take more devices, and of every speed. */
export function judgeRoom(domain: string, buses: readonly GuestBus[]): Result {
  const name = printable(domain);
  const remedy = `have <controller type='usb' model='qemu-xhci' ports='15'/> in "virsh edit ${name}", and start the domain anew`;
  if (buses.length === 0) return failed(`${name} has no USB controller`, remedy);
  const detail = `${name}: ${buses.map(describeBus).join('; ')}`;
  const tight = freePortsOf(buses) === 0 || !['12', '480'].every((speed) => buses.some((bus) => fits(bus, speed)));
  return tight ? warning(detail, remedy) : ok(detail);
}

/** "controller 0: piix3-uhci, 1 of 2 ports free, for 1.5M to 12M". */
function describeBus({ index, model, free, ports, slowest, fastest }: GuestBus): string {
  const speeds =
    fastest === Infinity
      ? ''
      : slowest === fastest
        ? `, for ${describeSpeed(String(fastest))} only`
        : `, for ${describeSpeed(String(slowest))} to ${describeSpeed(String(fastest))}`;
  return `controller ${index}: ${model}, ${free} of ${ports} ports free${speeds}`;
}

function freePortsOf(buses: readonly GuestBus[]): number {
  return buses.reduce((sum, { free }) => sum + free, 0);
}
