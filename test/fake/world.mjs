/** The world under the fake libvirt: what a test sets up and changes. These verbs change the state they are given. */

import { lowestFreePort } from './hotplug.mjs';
import { parseHostdev } from './hostdev-xml.mjs';
import * as lifeCycle from './life-cycle.mjs';

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
 * @property {boolean} lost its device was pulled out: QEMU took it from its guest, and the live XML does not tell
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
 * @property {boolean} persistent it has a definition, and is still there when it stops
 * @property {Hostdev[] | null} managedSave the hostdevs of the image that its next start restores
 */

/**
 * What `virsh save` puts into a file.
 * @typedef {Pick<Domain, 'uri' | 'name' | 'uuid' | 'usbPorts' | 'extraDevicesXml' | 'hostdevs'>} Image
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
 * @property {Record<string, Image>} images by file
 * @property {Fault[]} faults
 */

/** @returns {State} */
export function newState() {
  return {
    uris: ['qemu:///system'],
    libvirtdDown: false,
    nextId: 1,
    hostDevices: [],
    domains: [],
    images: {},
    faults: [],
  };
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
    persistent: true,
    managedSave: null,
  };
  for (const xml of hostdevXmls) {
    const guestPort = lowestFreePort(domain, domain.inactiveHostdevs);
    domain.inactiveHostdevs.push({ ...parseHostdev(xml), guestPort });
  }
  state.domains.push(domain);
  if (running) lifeCycle.bootDomain(state, domain);
  return domain;
}

/** From its managed save, if it has one. @param {State} state @param {string} name @param {lifeCycle.RestoreHook} [hook] */
export function startDomain(state, name, hook) {
  lifeCycle.bootDomain(state, domainNamed(state, name), hook);
}

/** Its live hostdevs are gone with it, and a transient domain as a whole. @param {State} state @param {string} name */
export function stopDomain(state, name) {
  lifeCycle.haltDomain(state, domainNamed(state, name));
}

/** One that runs is transient from then on. @param {State} state @param {string} name */
export function undefineDomain(state, name) {
  lifeCycle.undefineDomain(state, domainNamed(state, name));
}

/** To a file, and stopped. @param {State} state @param {string} name @param {string} file */
export function saveDomain(state, name, file) {
  lifeCycle.saveDomain(state, domainNamed(state, name), file);
}

/** To libvirt's own image, which the next start restores. @param {State} state @param {string} name */
export function managedSaveDomain(state, name) {
  lifeCycle.managedSaveDomain(state, domainNamed(state, name));
}

/** @param {State} state @param {string} file @param {lifeCycle.RestoreHook} [hook] */
export function restoreDomain(state, file, hook) {
  lifeCycle.restoreDomain(state, 'qemu:///system', file, hook);
}

/** @param {State} state @param {{ bus: number, device: number, vendorId?: string, productId?: string }} device */
export function plugHostDevice(state, { bus, device, vendorId = '0627', productId = '0001' }) {
  unplugHostDevice(state, { bus, device });
  state.hostDevices.push({ bus, device, vendorId, productId });
}

/** A domain's live XML keeps the hostdev. @param {State} state @param {{ bus: number, device: number }} device */
export function unplugHostDevice(state, { bus, device }) {
  state.hostDevices = state.hostDevices.filter((present) => present.bus !== bus || present.device !== device);
  for (const hostdev of state.domains.flatMap(({ hostdevs }) => hostdevs)) {
    if (hostdev.bus === bus && hostdev.device === device) hostdev.lost = true;
  }
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
