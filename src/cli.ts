// What people run: one verb a file in commands/, one catch, exit codes.
import yargs from 'yargs';
import { CommandError, exitCodes } from './commands/command-error.js';
import { attachCommand } from './commands/attach.js';
import { detachCommand } from './commands/detach.js';
import { listCommand } from './commands/list.js';
import { syncCommand } from './commands/sync.js';

async function main(): Promise<void> {
  try {
    await yargs(process.argv.slice(2))
      .scriptName('usb-libvirt-hotplug')
      .usage('$0 VERB\n\nHands USB devices to libvirt domains as they are plugged in.')
      .command(listCommand)
      .command(attachCommand)
      .command(detachCommand)
      .command(syncCommand)
      .demandCommand(1, 'Name what is to be done, one of the verbs above.')
      .strictCommands()
      .strict()
      .version(__VERSION__)
      .fail((message, error: unknown, parser) => {
        if (error instanceof Error && error.name !== 'YError') throw error;
        parser.showHelp();
        process.stderr.write(`\n${message}\n`);
        process.exitCode = exitCodes.usage;
      })
      .exitProcess(false)
      .parseAsync();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const remedy = code === 'EACCES' || code === 'EPERM' ? '; run as root' : '';
    process.stderr.write(`usb-libvirt-hotplug: ${message}${remedy}\n`);
    process.exitCode = error instanceof CommandError ? error.exitCode : exitCodes.failed;
  }
}

void main();
