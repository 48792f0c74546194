/** The world under the fake libvirt: what a test sets up and changes. These verbs change the state they are given. */

import { bootDomain, haltDomain, lowestFreePort } from './hotplug.mjs';
import { parseHostdev } from './hostdev-xml.mjs';

/**
 * A USB device that is plugged into the host; the ids are four lowercase hex digits.
 * @typedef {{ bus: number, device: number, vendorId: string, productId: string }} HostDevice
 */

/**
 * A USB hostdev of a domain. Bus, device and guestPort are 0 and the ids '' where nothing is said.
 * @typedef {object} Hostdev
 * @property {number} bus
 * @property {number} device
 * @property {string} vendorId
 * @property {string} productId
 * @property {string} alias
 * @property {number} guestPort
 * @property {string} managed 'yes' or 'no'
 * @property {string} startupPolicy
 * @property {string} guestReset
 * @property {boolean} missing optional, and its device was not there
 * @property {number} dumpsUntilGone 0, or how many more live XMLs still show it after its detach
 */

/**
 * @typedef {object} Domain
 * @property {string} uri
 * @property {string} name
 * @property {string} uuid
 * @property {'running' | 'paused' | 'shut off'} state
 * @property {number} id -1 while it is shut off
 * @property {number} usbPorts
 * @property {string} extraDevicesXml
 * @property {Hostdev[]} hostdevs the live ones
 * @property {Hostdev[]} inactiveHostdevs those of the inactive definition
 */

/**
 * A failure to come. It strikes the next `times` calls that hold every word of `match` among their arguments;
 * '' matches any. With one of the last five the call does nothing and gives that output; else it is carried out,
 * under what else is said, and its own answer given.
 * @typedef {object} Fault
 * @property {string} match for example 'attach-device' or 'detach-device-alias ua-usbhp-1-1-2'
 * @property {number} [times] 1 unless said
 * @property {number} [hangMs] the answer comes that much later; what is done is done at once
 * @property {boolean} [libvirtdDown]
 * @property {boolean} [jobLock] the domain is busy: attach and detach time out
 * @property {number | true} [silentDetach] the detach succeeds in words only: for good, or for so many live XMLs
 * @property {boolean} [afterEffect] the call is carried out, but its own answer lost for one of those below
 * @property {boolean} [killed] virsh dies of SIGKILL
 * @property {boolean} [exit141] virsh dies of a broken pipe
 * @property {string} [stdout] '' unless said
 * @property {string} [stderr] '' unless said
 * @property {number} [exitCode] 1 unless said
 */

/**
 * @typedef {object} State
 * @property {string[]} uris the hypervisors that are served
 * @property {boolean} libvirtdDown until it is set back
 * @property {number} nextId
 * @property {HostDevice[]} hostDevices
 * @property {Domain[]} domains
 * @property {Fault[]} faults
 */

/** @returns {State} */
export function newState() {
  return { uris: ['qemu:///system'], libvirtdDown: false, nextId: 1, hostDevices: [], domains: [], faults: [] };
}

/**
 * @typedef {object} Definition
 * @property {string} name
 * @property {string} [uuid]
 * @property {string} [uri]
 * @property {boolean} [running] true unless said
 * @property {number} [usbPorts]
 * @property {string} [extraDevicesXml] stands in its XML, live or not
 * @property {string[]} [hostdevXmls] the hostdevs of its inactive definition
 */

/** @param {State} state @param {Definition} definition */
export function addDomain(
  state,
  { name, uuid, uri = 'qemu:///system', running = true, usbPorts = 4, extraDevicesXml = '', hostdevXmls = [] },
) {
  uuid ??= `36a02b13-6bb5-4cbf-a23b-${String(state.domains.length + 1).padStart(12, '0')}`;
  /** @type {Domain} */
  const domain = {
    uri,
    name,
    uuid,
    state: 'shut off',
    id: -1,
    usbPorts,
    extraDevicesXml,
    hostdevs: [],
    inactiveHostdevs: [],
  };
  for (const xml of hostdevXmls) {
    const guestPort = lowestFreePort(domain, domain.inactiveHostdevs);
    domain.inactiveHostdevs.push({ ...parseHostdev(xml), guestPort });
  }
  state.domains.push(domain);
  if (running) bootDomain(state, domain);
  return domain;
}

/** @param {State} state @param {string} name */
export function startDomain(state, name) {
  bootDomain(state, domainNamed(state, name));
}

/** Its live hostdevs are gone with it. @param {State} state @param {string} name */
export function stopDomain(state, name) {
  haltDomain(domainNamed(state, name));
}

/** @param {State} state @param {{ bus: number, device: number, vendorId?: string, productId?: string }} device */
export function plugHostDevice(state, { bus, device, vendorId = '0627', productId = '0001' }) {
  unplugHostDevice(state, { bus, device });
  state.hostDevices.push({ bus, device, vendorId, productId });
}

/** No domain notices: its live XML keeps the hostdev. @param {State} state @param {{ bus: number, device: number }} device */
export function unplugHostDevice(state, { bus, device }) {
  state.hostDevices = state.hostDevices.filter((present) => present.bus !== bus || present.device !== device);
}

/** The live hostdevs themselves, not a copy. @param {State} state @param {string} name */
export function hostdevsOf(state, name) {
  return domainNamed(state, name).hostdevs;
}

/** @param {State} state @param {string} name */
function domainNamed(state, name) {
  const domain = state.domains.find((candidate) => candidate.name === name);
  if (domain === undefined) throw new Error(`the test defined no domain '${name}'`);
  return domain;
}
