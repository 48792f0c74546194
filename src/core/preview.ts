import { describeDevice, describePlugged, describeStanding, printable } from './message.js';
import { pluggedDevice, type Action, type Plan, type Situation } from './plan.js';
import type { Want } from './want.js';

/** What would be done, a line each, and how the wants stand for which nothing can be done now. */
export function describePlan(situation: Situation, { actions, standings, adoptions }: Plan): string[] {
  const acted = new Set(actions.map(({ want }) => want));
  return [
    ...actions.map((action) => describeAction(action, situation)),
    ...adoptions.map(
      ({ device, domain }) =>
        `would adopt ${describePlugged({ ...device, product: '' })} in ${printable(domain)}: it carries our mark, and nothing else is known of it`,
    ),
    ...situation.wants.filter((want) => !acted.has(want)).flatMap((want) => describeRest(want, standings)),
  ];
}

function describeAction(action: Action, { plugged, replugged }: Situation): string {
  const domain = printable(action.domain.name);
  if (action.kind === 'attach') return `would attach ${describeDevice(action.want)} to ${domain}`;
  const { want, hostdev } = action;
  if (want === undefined) return `would remove the stale hostdev ${printable(hostdev.alias)} from ${domain}`;
  const device = describeDevice(want);
  if (want.released) return `would detach ${device} from ${domain}: it was taken back by hand`;
  if (pluggedDevice(want, plugged) === undefined) return `would detach ${device} from ${domain}: it was unplugged`;
  return replugged.has(want)
    ? `would attach ${device} to ${domain} anew: it was plugged in again under the same number`
    : `would move ${device} from ${domain} to ${printable(want.domain)}`;
}

function describeRest(want: Want, standings: Plan['standings']): string[] {
  const standing = standings.get(want);
  switch (standing?.kind) {
    case undefined:
      return [`undecided ${describeDevice(want)} for ${printable(want.domain)}: libvirt did not answer in time`];
    case 'gone':
      return [`would drop ${describeDevice(want)} for ${printable(want.domain)}: it was unplugged`];
    case 'attached':
    case 'released':
    case 'dropped':
      return [];
    case 'waiting':
    case 'refused':
    case 'leaving':
      return [describeStanding(want, standing).text];
  }
}
