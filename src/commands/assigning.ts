// What the verbs about assignments share: what is plugged in, our rules file, and what becomes of a change to it.
import { isMeant, type AssignableDevice, type Match } from '../core/assignment.js';
import type { Item } from '../core/assignment-list.js';
import type { InventoryDevice } from '../core/inventory.js';
import type { KnownDevice } from '../core/rebuild.js';
import { assignmentFileIn } from '../host/assignment-file.js';
import { placesFrom } from '../host/places.js';
import { readPlugged } from '../host/sysfs.js';
import { CommandError, exitCodes } from './command-error.js';

export type Device = InventoryDevice & AssignableDevice;

/** What is plugged in, and the rules file as it is. */
export async function openAssigning() {
  const places = placesFrom(process.env);
  const { readAssignable, udevOf } = await import('../survey.js');
  const udev = udevOf(places);
  const devices = await readAssignable(places.sysfs, udev);
  const file = assignmentFileIn(places.rulesDirectory);
  return {
    places,
    devices,
    path: file.path,
    items: file.read(),

    /** Those that can be handed over. */
    meantBy: (...matches: readonly Match[]): Device[] =>
      devices.filter((device) => !device.hub && matches.some((match) => isMeant(match, device))),

    /**
     * Writes the file and has the rules speak again of these devices.
     *
     * @returns what the rules say of each that is still plugged in
     */
    async write(items: readonly Item[], touched: readonly Device[]): Promise<KnownDevice[]> {
      file.write(items);
      const names = touched.map(({ name }) => name);
      const asked = names.length === 0 ? await udev.reload() : await udev.replug(names);
      const plugged = readPlugged(places.sysfs);
      const known = asked
        ? await udev.readProperties(new Map([...plugged].filter(([name]) => names.includes(name))))
        : undefined;
      if (known === undefined) {
        throw new CommandError(
          `${file.path} is written, but udev could not be asked to go by it; "udevadm control --ping" tells why`,
          exitCodes.failed,
        );
      }
      return known;
    },
  };
}

export type Assigning = Awaited<ReturnType<typeof openAssigning>>;
