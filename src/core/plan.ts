import type { PluggedDevice, SysfsName } from './device.js';
import { findDomain, type DomainName } from './domain.js';
import type { Hostdev } from './hostdev.js';
import { markOf, parseMark } from './mark.js';
import type { Standing } from './standing.js';
import type { Failure } from './virsh-failure.js';
import { isSamePlug, type Want } from './want.js';

/** What one look at the world found. */
export interface Situation {
  readonly wants: readonly Want[];
  /** Those whose record is of an earlier plug: what a domain holds under their number is that one's, and dead. */
  readonly replugged: ReadonlySet<Want>;
  readonly plugged: ReadonlyMap<SysfsName, PluggedDevice>;
  /** By URI. */
  readonly hypervisors: ReadonlyMap<string, Hypervisor>;
}

export type Hypervisor =
  | { readonly kind: 'reached'; readonly domains: readonly Domain[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface Domain extends DomainName {
  /** `off`: defined but not running. `unread`: running, but its live XML could not be had, or is not there yet. */
  readonly live:
    | { readonly kind: 'off' }
    | { readonly kind: 'unread'; readonly failure: Failure | undefined }
    | { readonly kind: 'read'; readonly hostdevs: readonly Hostdev[] };
}

/** One change to one running domain. */
export type Action =
  | { readonly kind: 'attach'; readonly uri: string; readonly domain: DomainName; readonly want: Want }
  | {
      readonly kind: 'detach';
      readonly uri: string;
      readonly domain: DomainName;
      readonly hostdev: Hostdev;
      readonly want: Want | undefined;
    };

export interface Plan {
  /** In the order to be carried out within a domain: what leaves goes before what comes, for it may free the port. */
  readonly actions: readonly Action[];
  /** A word on every want that can be judged now; wants whose domain could not be read get none. */
  readonly standings: ReadonlyMap<Want, Standing>;
  /** Valid marks that no want explains: the want is rebuilt, the device not torn out of a running guest. */
  readonly adoptions: readonly Adoption[];
}

export interface Adoption {
  readonly device: PluggedDevice;
  readonly domain: string;
  readonly uri: string;
}

/** What has to be done so that the domains hold what the wants say, and nothing else of ours. */
export function plan(situation: Situation): Plan {
  const standings = new Map<Want, Standing>();
  const detaches: Action[] = [];
  const attaches: Action[] = [];
  for (const want of situation.wants) {
    const judgement = judge(want, situation);
    if (judgement.standing !== undefined) standings.set(want, judgement.standing);
    detaches.push(...judgement.actions.filter(({ kind }) => kind === 'detach'));
    attaches.push(...judgement.actions.filter(({ kind }) => kind === 'attach'));
  }
  const { ghosts, adoptions } = readUnexplainedMarks(situation);
  return { actions: [...ghosts, ...detaches, ...attaches], standings, adoptions };
}

/** A want's device while it is plugged in: at its port, under its number, and of its kind. Numbers come again. */
export function pluggedDevice(want: Want, plugged: Situation['plugged']): PluggedDevice | undefined {
  const device = plugged.get(want.device);
  return device !== undefined && isSamePlug(want, device) ? device : undefined;
}

interface Judgement {
  readonly standing: Standing | undefined;
  readonly actions: readonly Action[];
}

function judge(want: Want, situation: Situation): Judgement {
  const device = pluggedDevice(want, situation.plugged);
  const present = device !== undefined;
  const hypervisor = situation.hypervisors.get(want.uri);
  if (hypervisor === undefined) return undecided;
  const wanted = present && !want.released;
  if (wanted && device.hub) return settled({ kind: 'refused', reason: 'hub' });
  if (hypervisor.kind === 'failed') return stuck(hypervisor.failure, wanted);

  const target = findDomain(hypervisor.domains, want.domain);
  const held = hypervisor.domains.flatMap((domain) =>
    hostdevsOf(domain)
      .filter((hostdev) => isOf(want, hostdev, domain === target, situation))
      .map((hostdev) => ({ domain, hostdev })),
  );
  if (!wanted) {
    if (held.length > 0) return { standing: undefined, actions: held.map((place) => detach(want, place)) };
    // In another domain than its own it would be found as a ghost later; one that hangs there holds up nothing here.
    if (target?.live.kind === 'unread') return stuckOn(target, wanted);
    return settled({ kind: present ? 'released' : 'gone' });
  }

  const elsewhere = held.filter(({ domain }) => domain !== target);
  if (elsewhere.length > 0) return { standing: undefined, actions: elsewhere.map((place) => detach(want, place)) };
  if (target === undefined) return settled({ kind: 'waiting', reason: 'domain-unknown', said: '' });
  if (target.live.kind === 'off') return settled({ kind: 'waiting', reason: 'domain-not-running', said: '' });
  if (target.live.kind === 'unread') return stuckOn(target, wanted);
  if (held.length > 0 && situation.replugged.has(want))
    return { standing: undefined, actions: held.map((place) => detach(want, place)) };
  if (held.length > 0) return settled({ kind: 'attached', domain: target.name });
  if (!device.configured) return settled({ kind: 'waiting', reason: 'not-configured', said: '' });
  return { standing: undefined, actions: [{ kind: 'attach', uri: want.uri, domain: target, want }] };
}

const undecided: Judgement = { standing: undefined, actions: [] };

/** A domain that does not answer yet leaves the matter open; one that failed to is what the want waits for. */
function stuckOn({ live }: Domain, wanted: boolean): Judgement {
  return live.kind === 'unread' && live.failure !== undefined ? stuck(live.failure, wanted) : undecided;
}

function stuck({ kind, said }: Failure, wanted: boolean): Judgement {
  return settled(wanted ? { kind: 'waiting', reason: kind, said } : { kind: 'leaving', reason: kind, said });
}

function settled(standing: Standing): Judgement {
  return { standing, actions: [] };
}

function detach(want: Want, { domain, hostdev }: { domain: Domain; hostdev: Hostdev }): Action {
  return { kind: 'detach', uri: want.uri, domain, hostdev, want };
}

/**
 * Whether a hostdev is the want's device: by our mark in any domain; without a mark by the address, in the
 * domain that the want names (attached by the old script, or static). An address whose number another
 * device has taken since is that device's.
 */
function isOf(want: Want, { alias, address, missing }: Hostdev, inTarget: boolean, { plugged }: Situation): boolean {
  if (missing) return false;
  if (alias === markOf(want)) return true;
  if (!inTarget || parseMark(alias) !== undefined) return false;
  if (address?.busNumber !== want.busNumber || address.deviceNumber !== want.deviceNumber) return false;
  return ![...plugged.values()].some(
    ({ name, busNumber, deviceNumber }) =>
      name !== want.device && busNumber === want.busNumber && deviceNumber === want.deviceNumber,
  );
}

/**
 * Marks that no want speaks for, of a device that is gone (a ghost, to be detached) or still there (adopted).
 * Ghosts too are those that hold nothing, as a restored domain has them, and those of a device that is wanted
 * at another hypervisor now; unless that is this one by another name (qemu+unix:///system), or cannot be asked.
 */
function readUnexplainedMarks({ wants, plugged, hypervisors }: Situation): { ghosts: Action[]; adoptions: Adoption[] } {
  const wantedAt = new Map(wants.map((want) => [markOf(want), want.uri]));
  const ghosts: Action[] = [];
  const adoptions: Adoption[] = [];
  for (const [uri, hypervisor] of hypervisors) {
    if (hypervisor.kind === 'failed') continue;
    for (const domain of hypervisor.domains) {
      for (const hostdev of hostdevsOf(domain)) {
        const marked = parseMark(hostdev.alias);
        const wantedUri = wantedAt.get(hostdev.alias);
        if (marked === undefined || (wantedUri === uri && !hostdev.missing)) continue;
        if (wantedUri !== undefined && wantedUri !== uri && isOrMayBeAt(hypervisors.get(wantedUri), domain)) continue;
        const device = plugged.get(marked.device);
        const adoptable = !hostdev.missing && wantedUri === undefined;
        if (adoptable && device?.deviceNumber === marked.deviceNumber)
          adoptions.push({ device, domain: domain.name, uri });
        else ghosts.push({ kind: 'detach', uri, domain, hostdev, want: undefined });
      }
    }
  }
  return { ghosts, adoptions };
}

/** Whether the domain is known to that hypervisor as well, or nobody can tell. */
function isOrMayBeAt(hypervisor: Hypervisor | undefined, { uuid }: Domain): boolean {
  return hypervisor?.kind !== 'reached' || hypervisor.domains.some((domain) => domain.uuid === uuid);
}

function hostdevsOf({ live }: Domain): readonly Hostdev[] {
  return live.kind === 'read' ? live.hostdevs : [];
}
