import type { PluggedDevice, SysfsName } from './device.js';
import type { Hostdev } from './hostdev.js';
import { parseMark } from './mark.js';

/**
 * The USB hostdevs of a running domain whose devices are not there any more, ours or not: libvirt does not watch the
 * host, and keeps them until they are detached. Ours goes by its mark, for another device may have its number by now;
 * of any other one the number is all there is to go by. One without a number, which its owner declared optional, holds
 * nothing and is the owner's affair.
 */
export function staleIn(
  hostdevs: readonly Hostdev[],
  plugged: ReadonlyMap<SysfsName, Pick<PluggedDevice, 'busNumber' | 'deviceNumber'>>,
): Hostdev[] {
  return hostdevs.filter(({ alias, address, missing }) => {
    const marked = parseMark(alias);
    if (marked !== undefined) return missing || plugged.get(marked.device)?.deviceNumber !== marked.deviceNumber;
    if (address === undefined) return false;
    return [...plugged.values()].every(
      ({ busNumber, deviceNumber }) => busNumber !== address.busNumber || deviceNumber !== address.deviceNumber,
    );
  });
}
