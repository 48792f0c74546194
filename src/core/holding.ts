import type { PluggedDevice } from './device.js';
import { explainStanding } from './message.js';
import { parseMark } from './mark.js';
import type { Plan, Situation } from './plan.js';
import type { DeviceRecord } from './standing.js';
import { isSamePlug, type Want } from './want.js';

/** Who has a plugged device, and how it stands. */
export type Holding =
  | { readonly kind: 'free' }
  /** By this program. */
  | { readonly kind: 'attached'; readonly domain: string }
  | { readonly kind: 'waiting' | 'refused' | 'leaving' | 'released'; readonly domain: string; readonly why: string }
  /** In a running domain's XML, but not by this program. */
  | { readonly kind: 'static'; readonly domain: string };

export interface HoldingsOptions {
  readonly situation: Situation;
  readonly planned: Plan;
  /** What the worker has written down of a want. */
  readonly recordOf: (want: Want) => DeviceRecord | undefined;
}

/** How each plugged device stands. */
export function holdingOf(device: PluggedDevice, { situation, planned, recordOf }: HoldingsOptions): Holding {
  const want = situation.wants.find((candidate) => candidate.device === device.name && isSamePlug(candidate, device));
  const holder = holderOf(device, situation);
  if (want === undefined) {
    if (holder === undefined) return { kind: 'free' };
    return { kind: holder.ours ? 'attached' : 'static', domain: holder.domain };
  }
  const { domain } = want;
  const standing = planned.standings.get(want) ?? recordOf(want)?.standing;
  switch (standing?.kind) {
    case 'attached':
      // By the worker's last word; libvirt, if it was asked, knows better.
      return holder === undefined && isKnown(want, situation)
        ? { kind: 'waiting', domain, why: 'it is about to be attached anew' }
        : { kind: 'attached', domain: standing.domain };
    case 'waiting':
    case 'refused':
    case 'leaving':
      return { kind: standing.kind, domain, why: explainStanding(want, standing) };
    case 'released':
      return { kind: 'released', domain, why: explainStanding(want, standing) };
    case undefined:
    case 'gone':
    case 'dropped':
      return { kind: 'waiting', domain, why: 'the worker has not come to it yet' };
  }
}

function isKnown({ uri }: Want, { hypervisors }: Situation): boolean {
  const hypervisor = hypervisors.get(uri);
  return hypervisor?.kind === 'reached' && hypervisor.domains.every(({ live }) => live.kind !== 'unread');
}

/** The running domain that has the device's numbers in its XML. */
function holderOf(
  { name, busNumber, deviceNumber }: PluggedDevice,
  { hypervisors }: Situation,
): { domain: string; ours: boolean } | undefined {
  for (const hypervisor of hypervisors.values()) {
    if (hypervisor.kind === 'failed') continue;
    for (const domain of hypervisor.domains) {
      if (domain.live.kind !== 'read') continue;
      for (const { alias, address, missing } of domain.live.hostdevs) {
        if (missing || address?.busNumber !== busNumber || address.deviceNumber !== deviceNumber) continue;
        return { domain: domain.name, ours: parseMark(alias)?.device === name };
      }
    }
  }
  return undefined;
}
