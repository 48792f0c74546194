import type { CommandModule } from 'yargs';
import { findDomain } from '../core/domain.js';
import type { InventoryDevice } from '../core/inventory.js';
import { controllerOf, describeSpeed } from '../core/inventory.js';
import { describeHolding } from '../core/listing.js';
import { markOf } from '../core/mark.js';
import { describePlugged, printable } from '../core/message.js';
import { describePlan } from '../core/preview.js';
import { describeRoom } from '../core/room.js';
import { beforeAnyEvent, byHand, isSamePlug, type Want } from '../core/want.js';
import { placesFrom } from '../host/places.js';
import { hypervisorFrom } from './hypervisor.js';
import { connectOption, jsonOption, note, print, printJson } from './output.js';
import { pickOne, selectorFrom } from './pick.js';
import { otherGivers, ownLinesAbout } from './rule-lines.js';

interface ExplainOptions {
  device: string[];
  json: boolean;
  connect: string | undefined;
}

export const explainCommand: CommandModule<object, ExplainOptions> = {
  command: 'explain <device..>',
  describe:
    'Why a device is where it is: what udev says of it, who wants it, what its domain has room for, what comes next',
  builder: (args) =>
    args
      .positional('device', { type: 'string', array: true, demandOption: true, describe: 'By any name a device has' })
      .option('json', jsonOption)
      .option('connect', connectOption),
  async handler({ device: words, json, connect }) {
    const places = placesFrom(process.env);
    const { survey, asAssignable, readProperties, readGuestBuses, openVirshProgram, buildHostdev } =
      await import('../survey.js');
    const { devices, wants, situation, planned, holdingOf, gaps } = await survey(places, hypervisorFrom(connect));
    const device = pickOne(selectorFrom(words), devices);
    const holding = holdingOf(device);
    const properties = await readProperties(places, device);
    const want = wants.find((candidate) => candidate.device === device.name && isSamePlug(candidate, device));
    const hypervisor = want && situation.hypervisors.get(want.uri);
    const domain = want && hypervisor?.kind === 'reached' ? findDomain(hypervisor.domains, want.domain) : undefined;
    const buses =
      want && domain?.live.kind === 'read'
        ? await readGuestBuses(openVirshProgram(places), want.uri, domain.uuid)
        : undefined;
    const waiting = holding.kind === 'waiting' ? [device] : [];
    const ofDevice = {
      actions: planned.actions.filter((action) => want !== undefined && action.want === want),
      standings: planned.standings,
      adoptions: [],
    };
    const explanation = {
      device: describePlugged(device),
      where: describeWhere(device),
      properties: properties ?? {},
      want:
        want === undefined ? 'nobody wants it: no rule has given it to a domain, and no person' : describeWant(want),
      state: describeHolding(holding, device),
      ownRules: ownLinesAbout(await asAssignable(places.sysfs, device), places),
      otherRules: otherGivers(places),
      domain: describeDomain(want, domain?.live),
      room: buses === undefined ? [] : describeRoom(buses, waiting),
      xml: device.hub || want === undefined ? '' : buildHostdev(device, markOf({ ...device, device: device.name })),
      next: want === undefined ? [] : describePlan({ ...situation, wants: [want] }, ofDevice),
    };
    if (json) printJson(explanation);
    else printExplanation(explanation);
    if (properties === undefined) note("udev's database could not be read: what its rules ended with is not known");
    note(...gaps);
  },
};

function printExplanation({
  device,
  where,
  properties,
  want,
  state,
  ownRules,
  otherRules,
  domain,
  room,
  xml,
  next,
}: {
  readonly device: string;
  readonly where: string;
  readonly properties: Readonly<Record<string, string | undefined>>;
  readonly want: string;
  readonly state: string;
  readonly ownRules: readonly string[];
  readonly otherRules: readonly string[];
  readonly domain: string;
  readonly room: readonly string[];
  readonly xml: string;
  readonly next: readonly string[];
}): void {
  print(device, `  ${where}`, `state: ${state}`, `want: ${want}`);
  section('rules of ours that mean it, of which the last one holds:', ownRules);
  section('other rules that give devices to domains (udev does not tell which of them matched):', otherRules);
  if (domain !== '') print(`domain: ${domain}`, ...room.map((line) => `  ${line}`));
  section('XML:', xml === '' ? [] : xml.split('\n'));
  print(...(next.length === 0 ? ['next: nothing'] : ['next:', ...next.map((line) => `  ${line}`)]));
  print('udev ended with:');
  for (const [name, value] of Object.entries(properties).sort()) print(`  ${name}=${printable(value ?? '')}`);
}

function section(title: string, lines: readonly string[]): void {
  if (lines.length > 0) print(title, ...lines.map((line) => `  ${line}`));
}

function describeWhere({ devpath, speed }: InventoryDevice): string {
  const controller = controllerOf(devpath);
  const at = controller === undefined ? '' : ` at controller ${controller}`;
  return `${devpath}${at}${speed === '' ? '' : `, ${describeSpeed(speed)}`}`;
}

/** Whose word it is. A rule's RUN line leaves no more than that it spoke, and when. */
function describeWant({ domain, uri, seqnum, rivals, released }: Want): string {
  const speaker =
    seqnum === byHand
      ? 'a person gave it'
      : seqnum === beforeAnyEvent
        ? 'it was found attached, or in the memory of udev'
        : `a rule gave it in the event ${seqnum}`;
  const others =
    rivals.length === 0 ? '' : `; other rules asked for ${rivals.map(printable).join(', ')}, and were refused`;
  return `${printable(domain)} at ${uri}: ${speaker}${released ? '; a person took it back' : ''}${others}`;
}

function describeDomain(want: Want | undefined, live: { readonly kind: string } | undefined): string {
  if (want === undefined) return '';
  const name = printable(want.domain);
  switch (live?.kind) {
    case undefined:
      return `${name} is not known`;
    case 'off':
      return `${name} is not running`;
    case 'unread':
      return `${name} runs, and did not tell what it holds`;
    default:
      return `${name} is running`;
  }
}
