import type { CommandModule } from 'yargs';
import { completionScripts, shells, type Shell } from '../core/completion-scripts.js';

export const completionCommand: CommandModule<object, { shell: Shell }> = {
  command: 'completion <shell>',
  describe: 'Print what makes a shell complete verbs, options, devices and domains',
  builder: (args) =>
    args.positional('shell', { choices: shells, demandOption: true, describe: 'The shell, to read it as its script' }),
  handler({ shell }) {
    process.stdout.write(completionScripts[shell]);
  },
};
