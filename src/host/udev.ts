import { join } from 'node:path';
import type { PluggedDevice, SysfsName } from '../core/device.js';
import { parseDevpath } from '../core/device.js';
import type { KnownDevice } from '../core/rebuild.js';
import type { Program } from './program.js';
import { devicesIn } from './sysfs.js';

/** What this program asks of udev. */
export interface Udev {
  /** The devices' properties as the rules last left them; undefined when udev cannot be asked. */
  readProperties(plugged: ReadonlyMap<SysfsName, PluggedDevice>): Promise<KnownDevice[] | undefined>;
  /** Has udev read its rules anew; false when it cannot be asked. */
  reload(): Promise<boolean>;
  /**
   * Has every rule, read anew, speak again of these devices, as if they were plugged in now, and waits until all have.
   * False when udev cannot be asked, or does not come to an end.
   */
  replug(names: readonly SysfsName[]): Promise<boolean>;
}

const readLimitMs = 20_000;
// udev itself gives one event three minutes; a person does not.
const triggerLimitMs = 120_000;

export function openUdev(udevadm: Program, sysfs: string): Udev {
  const pathOf = (name: SysfsName) => join(devicesIn(sysfs), name);
  const succeeds = async (...args: string[]) => (await udevadm(args, triggerLimitMs)).kind === 'done';
  const reload = () => succeeds('control', '--reload');
  return {
    reload,

    async readProperties(plugged) {
      if (plugged.size === 0) return [];
      const { kind, stdout } = await udevadm(['info', ...[...plugged.keys()].map(pathOf)], readLimitMs);
      return kind === 'done' ? parseDatabase(stdout, plugged) : undefined;
    },

    async replug(names) {
      if (names.length === 0) return true;
      const paths = names.map(pathOf);
      // As a plug does: a rule may speak at either, and udev forgets at the first what was set at the second.
      return (
        (await reload()) &&
        (await succeeds('trigger', '--settle', '--action=add', ...paths)) &&
        (await succeeds('trigger', '--settle', '--action=bind', ...paths))
      );
    },
  };
}

/** udevadm's records, one a device, an empty line between: "P: /devices/…/1-1", "E: NAME=value" (252 and 257). */
function parseDatabase(text: string, plugged: ReadonlyMap<SysfsName, PluggedDevice>): KnownDevice[] {
  return text.split('\n\n').flatMap((record) => {
    const properties = Object.fromEntries(
      // By "\n" alone: a pattern's "$" would see an end of line in other characters, too, which a device may choose.
      record.split('\n').flatMap((line) => {
        const [, name, value] = /^E: ([^=]+)=(.*)$/s.exec(line) ?? [];
        return name === undefined ? [] : [[name, value ?? '']];
      }),
    );
    const name = parseDevpath(properties['DEVPATH'] ?? '');
    const device = name && plugged.get(name);
    return device === undefined ? [] : [{ device, properties }];
  });
}
