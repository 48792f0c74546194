// What commands that tell how things stand look at: sysfs, udev, our files and libvirt, changing nothing. Loaded when
// it is needed: it brings what runs programs and what reads XML.
import { setTimeout as pause } from 'node:timers/promises';
import type { DomainName } from './core/domain.js';
import type { Environment } from './core/event.js';
import { holdingOf, type Holding } from './core/holding.js';
import type { InventoryDevice } from './core/inventory.js';
import { describeUnreached, printable } from './core/message.js';
import { plan, type Plan, type Situation } from './core/plan.js';
import type { Want } from './core/want.js';
import { readInventory } from './host/inventory.js';
import type { Places } from './host/places.js';
import { programIn, type Program } from './host/program.js';
import { recordFilesIn } from './host/record-files.js';
import { openUdev, type Udev } from './host/udev.js';
import { openVirsh, type Answer } from './host/virsh.js';
import { wantFilesIn } from './host/want-files.js';
import { openLanes } from './worker/lanes.js';
import { emptyMemory, look } from './worker/look.js';
import { openWorld, type World } from './worker/world.js';

export { buildHostdev } from './core/hostdev.js';
export { asAssignable, readAssignable } from './host/assignable.js';
export { readGuestBuses, readGuestUsb } from './host/guest-usb.js';

export function openVirshProgram({ path }: Places): Program {
  return programIn(path, 'virsh');
}

/** One look at everything. */
export interface Survey {
  readonly devices: readonly InventoryDevice[];
  readonly wants: readonly Want[];
  readonly situation: Situation;
  readonly planned: Plan;
  readonly holdingOf: (device: InventoryDevice) => Holding;
  /** What kept this from being the whole truth, a line each. */
  readonly gaps: readonly string[];
}

/** As long as virsh itself may take to answer. */
const patienceMs = 20_000;
const againMs = 200;

/** Looks at everything. What is missing (libvirt, udev) is told in `gaps`, and the rest is still there. */
export async function survey(places: Places, uri: string): Promise<Survey> {
  const records = recordFilesIn(places.runDirectory);
  const { wants } = wantFilesIn(places.runDirectory).readAll();
  const [devices, situation] = await Promise.all([inventory(places), lookAt(places, uri, wants)]);
  const planned = plan(situation);
  return {
    devices,
    wants,
    situation,
    planned,
    holdingOf: (device) => holdingOf(device, { situation, planned, recordOf: (want) => records.read(want) }),
    gaps: describeGaps(situation),
  };
}

/** What is plugged in, and nothing of who has it. */
export function inventory(places: Places): Promise<InventoryDevice[]> {
  return readInventory(places.sysfs, udevOf(places));
}

export function udevOf({ path, sysfs }: Places): Udev {
  return openUdev(programIn(path, 'udevadm'), sysfs);
}

/** What udev's rules left of a device; undefined when udev cannot be asked. */
export async function readProperties(places: Places, device: InventoryDevice): Promise<Environment | undefined> {
  const known = await udevOf(places).readProperties(new Map([[device.name, device]]));
  return known?.[0]?.properties;
}

/** All domains that are defined there, whether they run or not. */
export function listDomains(places: Places, uri: string): Promise<Answer<DomainName[]>> {
  return openVirsh(openVirshProgram(places), places.runDirectory).list(uri, 'all');
}

/** How things would stand if these were the wants. */
export async function lookAt(places: Places, uri: string, wants: readonly Want[]): Promise<Situation> {
  const world = openWorld(places, uri, () => undefined);
  return lookPatiently({ ...world, wants: { ...world.wants, readAll: () => ({ wants: [...wants], unreadable: [] }) } });
}

/**
 * Looks until all domains have answered: where one has not, its device could be taken for one that is nowhere. What
 * has not answered by then hangs, and is left out.
 */
async function lookPatiently(world: World): Promise<Situation> {
  const lanes = openLanes(world.clock, () => undefined);
  const memory = emptyMemory();
  const endMs = world.clock.now() + patienceMs;
  for (;;) {
    const situation = await look(world, lanes, memory);
    if (!lanes.anyBusy() || world.clock.now() >= endMs) return situation;
    await pause(againMs);
  }
}

function describeGaps({ hypervisors }: Situation): string[] {
  return [...hypervisors].flatMap(([uri, hypervisor]) => {
    if (hypervisor.kind === 'failed') {
      return [`what domains hold is not known: ${describeUnreached(uri, hypervisor.failure)}`];
    }
    return hypervisor.domains
      .filter(({ live }) => live.kind === 'unread')
      .map(({ name }) => `what ${printable(name)} holds is not known: it did not answer in time`);
  });
}
