import type { Argv, CommandModule } from 'yargs';
import { complete, type Completion } from '../core/completion.js';
import { defaultUriFrom } from '../core/domain.js';
import { parseHelp } from '../core/help-text.js';
import { placesFrom } from '../host/places.js';
import type { Candidate } from '../complete.js';
import { print } from './output.js';

/** What the completion scripts call, with the words up to the cursor. */
export function completeCommand(commandLine: (words: readonly string[]) => Argv): CommandModule {
  const helpOf = async (words: readonly string[]) =>
    parseHelp(await commandLine(words).wrap(null).getHelp(), 'usb-libvirt-hotplug');
  return {
    command: '__complete [words..]',
    describe: false,
    async handler() {
      // As they were typed: yargs would read 001 as a number.
      const words = process.argv.slice(process.argv.indexOf('--') + 1);
      try {
        const candidates = await candidatesFor(await complete(words, helpOf));
        print(...new Set(candidates.map(([word, text]) => `${word}\t${text}`)));
      } catch {
        // Whoever presses Tab wants no message.
      }
    },
  };
}

async function candidatesFor(completion: Completion): Promise<Candidate[]> {
  const places = placesFrom(process.env);
  const host = await import('../complete.js');
  const domains = () => host.domainCandidates(places, defaultUriFrom(process.env));
  switch (completion.kind) {
    case 'words':
      return completion.words.map(({ term, text }) => [term, text]);
    case 'devices':
      return host.deviceCandidates(places);
    case 'domains':
      return domains();
    case 'either':
      return (await Promise.all([host.deviceCandidates(places), domains()])).flat();
    case 'nothing':
      return [];
  }
}
