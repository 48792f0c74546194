import type { CommandModule } from 'yargs';
import { findDomain } from '../core/domain.js';
import type { GuestBus } from '../core/guest-ports.js';
import { printable } from '../core/message.js';
import type { Domain } from '../core/plan.js';
import { describeRoom } from '../core/room.js';
import { devicesOfDomain, type DomainDevice } from '../core/status.js';
import { formatTable } from '../core/table.js';
import { placesFrom } from '../host/places.js';
import { exitCodes } from './command-error.js';
import { hypervisorFrom } from './hypervisor.js';
import { connectOption, jsonOption, note, outputWidth, paintFor, print, printJson } from './output.js';
import { pickDomain, valueOf } from './pick-domain.js';

interface StatusOptions {
  domain: string | undefined;
  json: boolean;
  connect: string | undefined;
}

interface DomainStatus {
  readonly domain: string;
  readonly uuid: string;
  readonly running: boolean;
  readonly devices: readonly DomainDevice[];
  readonly buses: readonly GuestBus[];
  /** Free ports, and what would not fit, in words. */
  readonly room: readonly string[];
}

export const statusCommand: CommandModule<object, StatusOptions> = {
  command: 'status [domain]',
  describe: "Each domain's devices: by our files, by its live XML, and by QEMU itself; and the ports that are free",
  builder: (args) =>
    args
      .positional('domain', { type: 'string', describe: 'Only this one, by its name or UUID' })
      .option('json', jsonOption)
      .option('connect', connectOption),
  async handler({ domain: wanted, json, connect }) {
    const places = placesFrom(process.env);
    const uri = hypervisorFrom(connect);
    const { survey, listDomains, readGuestUsb, openVirshProgram } = await import('../survey.js');
    const { devices, wants, situation, holdingOf, gaps } = await survey(places, uri);
    const hypervisor = situation.hypervisors.get(uri);
    if (hypervisor?.kind !== 'reached') {
      note(...gaps);
      process.exitCode = exitCodes.failed;
      return;
    }
    const chosen =
      wanted === undefined ? activeDomains(hypervisor.domains, wants, uri) : [await domainNamed(wanted, hypervisor)];
    const statuses = await Promise.all(chosen.map(statusOf));
    if (json) printJson(statuses);
    else printStatuses(statuses);
    note(...gaps);

    /** One that is off and that nobody waits for has not been looked at. */
    async function domainNamed(name: string, { domains }: { domains: readonly Domain[] }): Promise<Domain> {
      const known = findDomain(domains, name);
      if (known !== undefined) return known;
      return { ...pickDomain(name, valueOf(await listDomains(places, uri), uri), uri), live: { kind: 'off' } };
    }

    async function statusOf({ name, uuid, live }: Domain): Promise<DomainStatus> {
      const guest = live.kind === 'read' ? await readGuestUsb(openVirshProgram(places), uri, uuid) : undefined;
      const hostdevs = live.kind === 'read' ? live.hostdevs : [];
      const own = devicesOfDomain({ domain: { name, uuid }, hostdevs, devices, holdingOf, inQemu: guest?.inQemu });
      const waiting = devices.filter(({ name: port }) =>
        own.some((one) => one.port === port && one.state === 'waiting'),
      );
      return {
        domain: name,
        uuid,
        running: live.kind !== 'off',
        devices: own,
        buses: guest?.buses ?? [],
        room: guest === undefined ? [] : describeRoom(guest.buses, waiting),
      };
    }
  },
};

/** All that run or are waited for. */
function activeDomains(
  domains: readonly Domain[],
  wants: readonly { domain: string; uri: string }[],
  uri: string,
): Domain[] {
  const awaited = wants.filter((want) => want.uri === uri).map((want) => findDomain(domains, want.domain)?.uuid);
  return domains.filter(({ uuid, live }) => live.kind !== 'off' || awaited.includes(uuid));
}

function printStatuses(statuses: readonly DomainStatus[]): void {
  const { bold, dim } = paintFor(process.stdout);
  if (statuses.length === 0) print('no domain runs, and none is waited for');
  for (const { domain, running, devices, room } of statuses) {
    print(`${bold(printable(domain))}${running ? '' : dim(' (not running)')}`);
    const rows = devices.map(({ port, name, state, why, inQemu }) => [
      port === '' ? '-' : port,
      name,
      [why === '' ? state : `${state}: ${why}`, inQemu === false ? 'QEMU does not show it' : '']
        .filter(Boolean)
        .join('; '),
    ]);
    print(...formatTable(rows, outputWidth() - 2).map((line) => `  ${line}`), ...room.map((line) => `  ${dim(line)}`));
  }
}
