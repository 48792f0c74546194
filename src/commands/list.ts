import { setTimeout as pause } from 'node:timers/promises';
import type { CommandModule } from 'yargs';
import { drawTree, isPlumbing, listHeader, rowOf, toJson, type ListedDevice } from '../core/listing.js';
import { formatTable } from '../core/table.js';
import type { InventoryDevice } from '../core/inventory.js';
import { parseSelector } from '../core/selector.js';
import { fingerprint } from '../host/fingerprint.js';
import { placesFrom, type Places } from '../host/places.js';
import { hypervisorFrom } from './hypervisor.js';
import { CommandError } from './command-error.js';
import { pick, selectorFrom } from './pick.js';
import { connectOption, jsonOption, note, outputWidth, paintFor, print, printJson } from './output.js';

interface ListOptions {
  device: string[] | undefined;
  all: boolean;
  tree: boolean;
  json: boolean;
  watch: boolean;
  connect: string | undefined;
}

export const listCommand: CommandModule<object, ListOptions> = {
  command: 'list [device..]',
  describe: 'What is plugged in, who has it, and why not',
  builder: (args) =>
    args
      .positional('device', { type: 'string', array: true, describe: 'Only these, by any name a device has' })
      .option('all', { type: 'boolean', default: false, describe: 'Root hubs, hubs and virtual controllers as well' })
      .option('tree', { type: 'boolean', default: false, describe: 'Draw what is plugged in where' })
      .option('json', jsonOption)
      .option('watch', { type: 'boolean', default: false, describe: 'Stay, and print it again when it changes' })
      .option('connect', connectOption)
      .check(({ tree, json }) => !(tree && json) || 'Choose one of --tree and --json.'),
  async handler(options) {
    const places = placesFrom(process.env);
    const uri = hypervisorFrom(options.connect);
    await printList(places, uri, options);
    if (!options.watch) return;
    for (let seen = fingerprint(places); ;) {
      await pause(watchPauseMs);
      const now = fingerprint(places);
      if (!process.stdout.writable) return;
      if (now === seen) continue;
      seen = now;
      if (process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H');
      else if (!options.json) print('');
      await printList(places, uri, options).catch(tellAbsence);
    }
  },
};

const watchPauseMs = 500;

/** What is watched may be pulled out, and come back. */
function tellAbsence(error: unknown): void {
  if (!(error instanceof CommandError)) throw error;
  note(error.message);
}

/** One name, which may be of two words (001 037), or several. */
function pickAll(words: readonly string[], devices: readonly InventoryDevice[]): InventoryDevice[] {
  const isOne = words.length === 1 || parseSelector(words.join(' ')).kind !== 'fault';
  const named = isOne ? [words] : words.map((word) => [word]);
  const picked = new Set(named.flatMap((one) => pick(selectorFrom(one), devices)));
  return devices.filter((device) => picked.has(device));
}

async function printList(places: Places, uri: string, { device, all, tree, json }: ListOptions): Promise<void> {
  const { survey } = await import('../survey.js');
  const { devices, holdingOf, gaps } = await survey(places, uri);
  const named = device === undefined || device.length === 0 ? undefined : pickAll(device, devices);
  const shown = named ?? (all || tree ? devices : devices.filter((candidate) => !isPlumbing(candidate)));
  const listed: ListedDevice[] = shown.map((candidate) => ({ device: candidate, holding: holdingOf(candidate) }));
  if (json) printJson(listed.map(toJson));
  else if (tree) print(...drawTree(listed, { all, paint: paintFor(process.stdout) }));
  else if (listed.length === 0) print('no USB device is plugged in');
  else print(...formatTable([listHeader, ...listed.map(rowOf)], outputWidth(), listHeader.indexOf('DEVICE')));
  note(...gaps);
}
