// What people run: one verb a file in commands/, one catch, exit codes.
import { commandLine } from './command-line.js';
import { CommandError, exitCodes } from './commands/command-error.js';

async function main(): Promise<void> {
  // A reader that has had enough, such as head(1), is nobody's failure; what is under way goes on to its end.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  try {
    await commandLine(process.argv.slice(2))
      .fail((message, error: unknown, parser) => {
        if (error instanceof Error && error.name !== 'YError') throw error;
        parser.showHelp();
        process.stderr.write('\n');
        // Thrown, or yargs would go on to run the verb.
        throw new CommandError(message, exitCodes.usage);
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
