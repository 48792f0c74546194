import type { CommandModule } from 'yargs';
import { parseLogLine, speaksOf } from '../core/log-line.js';
import { parseSelector } from '../core/selector.js';
import { placesFrom } from '../host/places.js';
import { CommandError, exitCodes } from './command-error.js';
import { note, print } from './output.js';

interface LogOptions {
  what: string | undefined;
  follow: boolean;
}

export const logCommand: CommandModule<object, LogOptions> = {
  command: 'log [what]',
  describe: 'What this program did, from the journal or syslog',
  builder: (args) =>
    args
      .positional('what', { type: 'string', describe: 'Only lines about this device, by any name it has, or domain' })
      .option('follow', {
        alias: 'f',
        type: 'boolean',
        default: false,
        describe: 'Go on with new lines as they come, until Ctrl-C',
      }),
  async handler({ what, follow }) {
    const { findLogSource } = await import('../host/log-source.js');
    const source = findLogSource(process.env, placesFrom(process.env).path);
    if (source === undefined) {
      throw new CommandError(
        'there is neither a journal nor /var/log/syslog or /var/log/messages on this host; start journald or rsyslog',
        exitCodes.failed,
      );
    }
    const isMeant = matcherOf(what);
    const show = (line: string) => {
      const read = parseLogLine(line);
      if (read === undefined || (!source.oursOnly && read.identifier !== 'usb-libvirt-hotplug')) return;
      if (isMeant(read.text)) print(line);
    };
    const { failed, said } = await source.read(show, { follow, until: endOfInterest() });
    if (said !== '') note(said);
    if (failed) {
      const remedy = process.getuid?.() === 0 ? '' : '; run as root';
      throw new CommandError(`${source.name} could not be read${remedy}`, exitCodes.failed);
    }
  },
};

/** A word may name a device or a domain; a domain may have a device's name. */
function matcherOf(what: string | undefined): (text: string) => boolean {
  if (what === undefined) return () => true;
  const selector = parseSelector(what);
  if (selector.kind === 'serial') {
    throw new CommandError('the log holds no serial numbers; name the device by its port or ids', exitCodes.usage);
  }
  const sought = { selector: selector.kind === 'fault' ? undefined : selector, domain: what };
  return (text) => speaksOf(text, sought);
}

/** Ctrl-C, or a reader such as head(1) that has had enough. */
function endOfInterest(): AbortSignal {
  const end = new AbortController();
  // Not `once`: execa ends this process by the signal where nobody listens to it any more.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      end.abort();
    });
  }
  process.stdout.on('error', () => {
    end.abort();
  });
  return end.signal;
}
