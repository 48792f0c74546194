import { decodeModel, type PluggedDevice } from './device.js';
import { domainNameFault, uriFault } from './domain.js';
import type { Environment } from './event.js';
import { beforeAnyEvent, byHand, isSamePlug, newWant, type Want } from './want.js';

/** A plugged device with its properties in the udev database: what the rules last said of it. */
export interface KnownDevice {
  readonly device: PluggedDevice;
  readonly properties: Environment;
}

/**
 * The wants that the udev database speaks for and that are not on file: lost with /run, never written because
 * the program was installed later or the hook could not run, or of another domain since the rules were edited.
 * Only rules that set USB_LIBVIRT_DOMAIN leave their word there; those that name the domain on a RUN line speak
 * again when the device is triggered. What a person decided stands.
 */
export function rebuild(
  known: readonly KnownDevice[],
  onFile: readonly Want[],
  { defaultUri, nowMs }: { defaultUri: string; nowMs: number },
): Want[] {
  return known.flatMap(({ device, properties }) => {
    const domain = properties['USB_LIBVIRT_DOMAIN'] ?? '';
    const uri = properties['LIBVIRT_DEFAULT_URI'] || defaultUri;
    if (domainNameFault(domain) !== undefined || uriFault(uri) !== undefined) return [];
    const want = newWant(
      {
        ...device,
        device: device.name,
        devpath: properties['DEVPATH'] ?? '',
        product: decodeModel(properties['ID_MODEL_ENC'] ?? ''),
      },
      { domain, uri, seqnum: beforeAnyEvent, claimedAtMs: nowMs },
    );
    const present = onFile.find((candidate) => candidate.device === want.device && isSamePlug(candidate, want));
    if (present === undefined) return [want];
    const decided = present.released || present.seqnum === byHand || present.rivals.includes(domain);
    const same = present.domain === domain && present.uri === uri;
    return decided || same ? [] : [{ ...want, seqnum: present.seqnum }];
  });
}
