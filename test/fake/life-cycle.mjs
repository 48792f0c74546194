/** How domains of the fake libvirt start, stop, are saved and come back. */

import { attachHostdev } from './hotplug.mjs';
import { Refusal } from './refusal.mjs';

/** @typedef {import('./world.mjs').State} State */
/** @typedef {import('./world.mjs').Domain} Domain */
/** @typedef {import('./world.mjs').Hostdev} Hostdev */

/**
 * libvirt's hook script at `restore begin`, as what it does to the hostdevs of the saved XML.
 * @typedef {(saved: Hostdev[]) => Hostdev[]} RestoreHook
 */

/** @type {RestoreHook} */
const noHook = (saved) => saved;

/** Restores its managed save where it has one. @param {State} state @param {Domain} domain @param {RestoreHook} [hook] */
export function bootDomain(state, domain, hook = noHook) {
  runWith(state, domain, domain.managedSave === null ? domain.inactiveHostdevs : hook(domain.managedSave));
  domain.managedSave = null;
}

/** A transient one is gone then. @param {State} state @param {Domain} domain */
export function haltDomain(state, domain) {
  domain.state = 'shut off';
  domain.id = -1;
  domain.hostdevs = [];
  if (!domain.persistent) state.domains = state.domains.filter((candidate) => candidate !== domain);
}

/** One that runs is transient from then on. @param {State} state @param {Domain} domain */
export function undefineDomain(state, domain) {
  if (!domain.persistent) throw new Refusal('Requested operation is not valid: cannot undefine transient domain');
  domain.persistent = false;
  domain.inactiveHostdevs = [];
  if (domain.state === 'shut off') haltDomain(state, domain);
}

/** @param {State} state @param {Domain} domain @param {string} file */
export function saveDomain(state, domain, file) {
  refuseUnlessRunning(domain);
  const { uri, name, uuid, usbPorts, extraDevicesXml } = domain;
  state.images[file] = { uri, name, uuid, usbPorts, extraDevicesXml, hostdevs: domain.hostdevs.map(savedHostdev) };
  haltDomain(state, domain);
}

/** @param {State} state @param {Domain} domain */
export function managedSaveDomain(state, domain) {
  refuseUnlessRunning(domain);
  if (!domain.persistent)
    throw new Refusal('Requested operation is not valid: cannot do managed save for transient domain');
  domain.managedSave = domain.hostdevs.map(savedHostdev);
  haltDomain(state, domain);
}

/** One that is not defined comes back as transient. The file stays. @param {State} state @param {string} uri @param {string} file @param {RestoreHook} [hook] */
export function restoreDomain(state, uri, file, hook = noHook) {
  const image = state.images[file];
  if (image?.uri !== uri) throw new Refusal(`Failed to open file '${file}': No such file or directory`);
  const known = state.domains.find((domain) => domain.uri === uri && domain.uuid === image.uuid);
  if (known !== undefined && known.state !== 'shut off')
    throw new Refusal(`operation failed: domain '${known.name}' is already active with uuid ${known.uuid}`);
  /** @type {Domain} */
  const domain = known ?? {
    ...image,
    state: 'shut off',
    id: -1,
    hostdevs: [],
    inactiveHostdevs: [],
    persistent: false,
    managedSave: null,
  };
  if (known === undefined) state.domains.push(domain);
  runWith(state, domain, hook(image.hostdevs));
}

/** @param {Domain} domain */
export function refuseUnlessRunning(domain) {
  if (domain.state === 'shut off') throw new Refusal('Requested operation is not valid: domain is not running');
}

/** @param {State} state @param {Domain} domain @param {Hostdev[]} hostdevs */
function runWith(state, domain, hostdevs) {
  try {
    for (const hostdev of hostdevs) attachHostdev(state, domain, hostdev);
  } catch (error) {
    haltDomain(state, domain);
    throw error;
  }
  domain.state = 'running';
  domain.id = state.nextId++;
}

/** As the saved XML has it: with the numbers of back then, and no alias but those that somebody chose. @param {Hostdev} hostdev @returns {Hostdev} */
function savedHostdev(hostdev) {
  const alias = hostdev.alias.startsWith('ua-') ? hostdev.alias : '';
  return { ...hostdev, alias, missing: false, lost: false, dumpsUntilGone: 0 };
}
