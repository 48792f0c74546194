import type { CommandModule } from 'yargs';
import { domainNameFault, type DomainName } from '../core/domain.js';
import type { InventoryDevice } from '../core/inventory.js';
import { markOf } from '../core/mark.js';
import { describeDevice, describePlugged, printable } from '../core/message.js';
import { plan, type Situation } from '../core/plan.js';
import { describePlan } from '../core/preview.js';
import { byHand, newWant, type Want } from '../core/want.js';
import { placesFrom, type Places } from '../host/places.js';
import { CommandError, exitCodes } from './command-error.js';
import { exitCodeOf, worstOf } from './ending.js';
import { hypervisorFrom } from './hypervisor.js';
import { connectOption, note, openCommandLog, print } from './output.js';
import { pickDomain } from './pick-domain.js';
import { pick, pickOne, selectorFrom } from './pick.js';

interface AttachOptions {
  domain: string;
  device: string[];
  'auto-detach': boolean;
  'dry-run': boolean;
  connect: string | undefined;
}

export const attachCommand: CommandModule<object, AttachOptions> = {
  command: 'attach <domain> <device..>',
  describe: 'Give a device to a domain now, by hand, until it is unplugged or taken back',
  builder: (args) =>
    args
      .positional('domain', { type: 'string', demandOption: true, describe: "The domain's name or UUID" })
      .positional('device', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'By any name a device has; HUB/… is everything behind a hub',
      })
      .option('auto-detach', {
        type: 'boolean',
        default: true,
        describe: 'Take it from the domain that has it; --no-auto-detach refuses instead',
      })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Print the plan and the XML, and touch nothing' })
      .option('connect', connectOption),
  async handler({ domain, device, 'auto-detach': autoDetach, 'dry-run': dryRun, connect }) {
    const places = placesFrom(process.env);
    const uri = hypervisorFrom(connect);
    const fault = domainNameFault(domain);
    if (fault !== undefined) throw new CommandError(fault, exitCodes.usage);

    const { survey, lookAt } = await import('../survey.js');
    const { devices, wants, holdingOf } = await survey(places, uri);
    const chosen = chooseDevices(device, devices);
    const claims = chosen.map((candidate) => wantOf(candidate, domain, uri));
    const others = wants.filter(({ device: name }) => !claims.some((claim) => claim.device === name));
    const situation = await lookAt(places, uri, [...others, ...claims]);
    const target = findTarget(situation, domain, uri);
    const owners = chosen.flatMap((candidate) => {
      const holding = holdingOf(candidate);
      const taken =
        holding.kind !== 'free' &&
        holding.kind !== 'released' &&
        ![domain, target?.name, target?.uuid].includes(holding.domain);
      return taken ? [`${describePlugged(candidate)} belongs to ${printable(holding.domain)}`] : [];
    });
    if (!autoDetach && owners.length > 0) {
      throw new CommandError(`${owners.join('\n')}; without --no-auto-detach it would be moved`, exitCodes.failed);
    }
    if (dryRun) await preview(situation, claims);
    else process.exitCode = await attachAll(claims, places);
  },
};

/** One device, or everything behind a hub, which itself is never given away. */
function chooseDevices(words: readonly string[], devices: readonly InventoryDevice[]): InventoryDevice[] {
  const selector = selectorFrom(words);
  if (selector.kind === 'behind') {
    const behind = pick(selector, devices).filter(({ hub }) => !hub);
    if (behind.length > 0) return behind;
    throw new CommandError(`nothing is plugged in behind ${selector.hub}`, exitCodes.notFound);
  }
  const only = pickOne(selector, devices);
  if (!only.hub) return [only];
  throw new CommandError(
    `${describePlugged(only)} is a hub, which libvirt cannot hand over; name the devices behind it, or all of them: ${only.name}/…`,
    exitCodes.failed,
  );
}

/** The domain, as far as libvirt tells. A typing error must not wait for ever for a domain that will never be. */
function findTarget({ hypervisors }: Situation, domain: string, uri: string): DomainName | undefined {
  const hypervisor = hypervisors.get(uri);
  if (hypervisor?.kind !== 'reached') return undefined;
  return pickDomain(domain, hypervisor.domains, uri);
}

async function preview(situation: Situation, claims: readonly Want[]): Promise<void> {
  const { buildHostdev } = await import('../survey.js');
  const planned = plan(situation);
  const ofClaims = {
    actions: planned.actions.filter(({ want }) => want !== undefined && claims.includes(want)),
    standings: planned.standings,
    adoptions: [],
  };
  const lines = describePlan({ ...situation, wants: claims }, ofClaims);
  print(...lines);
  for (const claim of claims) {
    if (planned.standings.get(claim)?.kind === 'attached') note(`${describeDevice(claim)} is attached already`);
    else print(buildHostdev(claim, markOf(claim)));
  }
}

async function attachAll(claims: readonly Want[], places: Places): Promise<number> {
  const { give } = await import('../by-hand.js');
  const log = openCommandLog(places);
  try {
    const codes: number[] = [];
    for (const claim of claims) codes.push(exitCodeOf(await give(claim, places, log)));
    return worstOf(codes);
  } finally {
    await log.close();
  }
}

function wantOf(device: InventoryDevice, domain: string, uri: string): Want {
  return newWant({ ...device, device: device.name }, { domain, uri, seqnum: byHand, claimedAtMs: Date.now() });
}
