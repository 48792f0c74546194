import { padNumber, type SysfsName } from './device.js';
import { attachLimit, attachWindowMs } from './flapping.js';
import type { RefusalReason, Standing, WaitingReason } from './standing.js';
import type { Failure } from './virsh-failure.js';
import { byHand, type Want } from './want.js';

/** Severity as syslog knows it. */
export type Severity = 'error' | 'warning' | 'notice' | 'info' | 'debug';

export interface Message {
  readonly severity: Severity;
  readonly text: string;
}

/** What a line needs to name a device. */
export interface NamedDevice {
  readonly device: SysfsName;
  readonly busNumber: number;
  readonly deviceNumber: number;
  readonly vendorId: string;
  readonly productId: string;
  readonly product: string;
}

/** `046d:c52b "USB Receiver" on port 1-4 (bus 001 device 037)`. */
export function describeDevice({ vendorId, productId, product, device, busNumber, deviceNumber }: NamedDevice): string {
  const name = product === '' ? '' : ` "${printable(product)}"`;
  return `${vendorId}:${productId}${name} on port ${device} (bus ${padNumber(busNumber)} device ${padNumber(deviceNumber)})`;
}

/** The same of a device that is plugged in. */
export function describePlugged({ name, ...rest }: Omit<NamedDevice, 'device'> & { readonly name: SysfsName }): string {
  return describeDevice({ ...rest, device: name });
}

/**
 * The one line that an outcome gets in the log, its first word the result:
 *
 *     attached 046d:c52b "USB Receiver" on port 1-4 (bus 001 device 037) to win10 in 412 ms
 *     waiting 046d:c52b "USB Receiver" on port 1-4 (bus 001 device 037) for win10 after 35 ms: the domain is
 *     not running; it will be attached when the domain starts
 *
 * @param tookMs left out where nothing was done
 */
export function describeStanding(want: Want, standing: Standing, tookMs?: number): Message {
  const device = describeDevice(want);
  const domain = printable(want.domain);
  const took = (preposition: string) =>
    tookMs === undefined ? '' : ` ${preposition} ${Math.max(0, Math.round(tookMs))} ms`;
  switch (standing.kind) {
    case 'attached':
      return { severity: 'info', text: `attached ${device} to ${printable(standing.domain)}${took('in')}` };
    case 'waiting':
      return {
        severity: urgencyOf(standing.reason),
        text: `waiting ${device} for ${domain}${took('after')}: ${explainStanding(want, standing)}`,
      };
    case 'refused':
      return {
        severity: 'warning',
        text: `refused ${device} for ${domain}${took('after')}: ${explainStanding(want, standing)}`,
      };
    case 'leaving':
      return {
        severity: 'warning',
        text: `leaving ${device} from ${domain}${took('after')}: ${explainStanding(want, standing)}`,
      };
    case 'released':
      return {
        severity: 'info',
        text: `released ${device} from ${domain}${took('in')}: ${explainStanding(want, standing)}`,
      };
    case 'gone':
      return { severity: 'info', text: `detached ${device} from ${domain}${took('in')}: it was unplugged` };
    case 'dropped':
      return { severity: 'info', text: `dropped ${device} for ${domain}: it was unplugged, and no domain held it` };
  }
}

/** Why a want stands as it does, and what helps: what comes after the colon. */
export function explainStanding(
  want: Want,
  standing: Extract<Standing, { kind: 'waiting' | 'refused' | 'leaving' | 'released' }>,
): string {
  switch (standing.kind) {
    case 'waiting':
      return `${describeReason(standing.reason, want)}${quote(standing.said)}`;
    case 'refused':
      return describeRefusalReason(standing.reason);
    case 'leaving':
      return `${describeStay(standing.reason, want)}${quote(standing.said)}`;
    case 'released':
      return 'taken back by hand, until it is replugged or given again';
  }
}

/** Why nothing is known of a hypervisor's domains. */
export function describeUnreached(uri: string, { kind, said }: Failure): string {
  const why = kind === 'virsh-missing' || kind === 'denied' ? describeReason(kind, { uri, domain: '' }) : '';
  return why === '' ? `libvirt does not answer at ${uri}${quote(said)}` : why;
}

/** A device of ours that nobody knew of any more, left where it is. */
export function describeAdoption(device: NamedDevice, domain: string): Message {
  return {
    severity: 'notice',
    text: `adopted ${describeDevice(device)} in ${printable(domain)}: it carries our mark, and nothing else was known of it`,
  };
}

/** What was left in a domain of a device that is no longer there. */
export function describeGhost(alias: string, domain: string): Message {
  return {
    severity: 'notice',
    text: `removed the stale hostdev ${printable(alias)} from ${printable(domain)}: its device is no longer plugged in there`,
  };
}

/** One owner a device: a rule that names a second domain is told whose it is. */
export function describeRefusal(want: Want, owner: Want): Message {
  const domain = printable(owner.domain);
  const why =
    owner.seqnum === byHand
      ? `a person gave it to ${domain}, where it stays until it is replugged or given again`
      : `a rule gave it to ${domain} in the same event; keep one of the two rules`;
  return { severity: 'warning', text: `refused ${describeDevice(want)} for ${printable(want.domain)}: ${why}` };
}

/**
 * Control characters as \xNN, and what turns a line round or cannot be seen as \uNNNN, so that no device and no domain
 * can forge a line of the log.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}

// eslint-disable-next-line no-control-regex -- they are what is looked for
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function describeRefusalReason(reason: RefusalReason): string {
  switch (reason) {
    case 'hub':
      return 'it is a hub, which libvirt cannot hand over; name the devices behind it';
    case 'flapping':
    case 'still-flapping':
      return `it came and went more than ${attachLimit} times within ${attachWindowMs / 1000} s, and is left alone; "usb-libvirt-hotplug sync" attaches it, as does a new plug after as long a rest`;
  }
}

function describeReason(reason: WaitingReason, want: Pick<Want, 'domain' | 'uri'>): string {
  const domain = printable(want.domain);
  switch (reason) {
    case 'domain-not-running':
      return 'the domain is not running; it will be attached when the domain starts';
    case 'domain-unknown':
      return `no domain is named so at ${want.uri}; define it or correct the rule (virsh -c ${want.uri} list --all shows the names)`;
    case 'domain-busy':
      return 'another job holds the domain; it is tried again';
    case 'hypervisor-unreachable':
      return `libvirt does not answer at ${want.uri}; it will be attached when libvirtd (or virtqemud) runs again`;
    case 'virsh-missing':
      return "virsh was not found; install libvirt's client programs";
    case 'denied':
      return `libvirt refuses access at ${want.uri}; run as root or see its authentication settings`;
    case 'timed-out':
      return 'virsh did not come back in time; it is tried again';
    case 'device-not-found':
      return 'libvirt does not see the device yet; it is tried again';
    case 'device-not-openable':
      return "QEMU cannot open the device; its speed may not fit the domain's USB controller (a qemu-xhci fits all)";
    case 'device-in-use':
      return 'another domain holds it; detach it there';
    case 'no-free-port':
      return `${domain} has no free USB port; detach something there or add a controller with "virsh attach-device --config", which takes effect at its next start`;
    case 'alias-taken':
      return 'an earlier attachment is still in the way; it is tried again';
    case 'not-configured':
      return 'the kernel has not configured the device; if it is kept unauthorized (USBGuard), allow it';
    case 'not-in-live-xml':
      return 'virsh reported success, but the domain does not hold the device; it is tried again';
    case 'still-attached':
      return 'another domain holds it, and virsh could not detach it there';
    case 'not-attached':
    case 'unexplained':
      return 'virsh could not attach it';
  }
}

function describeStay(reason: WaitingReason, want: Want): string {
  if (reason === 'hypervisor-unreachable') {
    return `libvirt does not answer at ${want.uri}; it will be detached when libvirtd (or virtqemud) runs again`;
  }
  const unexplained = reason === 'still-attached' || reason === 'not-attached' || reason === 'unexplained';
  return unexplained ? 'virsh could not detach it; it is tried again at the next event' : describeReason(reason, want);
}

/** What a person must see to, warned of; what solves itself or is daily life, told. */
function urgencyOf(reason: WaitingReason): Severity {
  switch (reason) {
    case 'domain-not-running':
      return 'notice';
    case 'domain-unknown':
    case 'domain-busy':
    case 'hypervisor-unreachable':
    case 'virsh-missing':
    case 'denied':
    case 'timed-out':
    case 'device-not-found':
    case 'device-not-openable':
    case 'device-in-use':
    case 'no-free-port':
    case 'alias-taken':
    case 'not-configured':
    case 'not-in-live-xml':
    case 'not-attached':
    case 'still-attached':
    case 'unexplained':
      return 'warning';
  }
}

function quote(said: string): string {
  return said === '' ? '' : ` (virsh: ${printable(said)})`;
}
