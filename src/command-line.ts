import yargs, { type Argv } from 'yargs';
import { assignCommand } from './commands/assign.js';
import { assignmentsCommand } from './commands/assignments.js';
import { attachCommand } from './commands/attach.js';
import { cleanupCommand } from './commands/cleanup.js';
import { toldExitCodes } from './commands/command-error.js';
import { completeCommand } from './commands/complete.js';
import { completionCommand } from './commands/completion.js';
import { detachCommand } from './commands/detach.js';
import { doctorCommand } from './commands/doctor.js';
import { explainCommand } from './commands/explain.js';
import { importCommand } from './commands/import.js';
import { listCommand } from './commands/list.js';
import { logCommand } from './commands/log.js';
import { statusCommand } from './commands/status.js';
import { syncCommand } from './commands/sync.js';
import { unassignCommand } from './commands/unassign.js';
import { selectorForms } from './core/selector.js';

/** Everything that people can type, for cli.ts to run and for the man page and completions to tell of. */
export function commandLine(words: readonly string[]): Argv {
  return yargs([...words])
    .scriptName('usb-libvirt-hotplug')
    .usage('$0 VERB\n\nHands USB devices to libvirt domains as they are plugged in.')
    .command(listCommand)
    .command(statusCommand)
    .command(attachCommand)
    .command(detachCommand)
    .command(assignCommand)
    .command(unassignCommand)
    .command(assignmentsCommand)
    .command(importCommand)
    .command(explainCommand)
    .command(syncCommand)
    .command(cleanupCommand)
    .command(logCommand)
    .command(doctorCommand)
    .command(completionCommand)
    .command(completeCommand(commandLine))
    .epilogue(`Device names: ${selectorForms}`)
    .epilogue(`Exit codes: ${toldExitCodes}`)
    .demandCommand(1, 'Name what is to be done, one of the verbs above.')
    .parserConfiguration({ 'greedy-arrays': false })
    .check(({ connect, by, controller }) => ![connect, by, controller].some(Array.isArray) || 'Give an option once.')
    .strictCommands()
    .strict()
    .version(__VERSION__);
}
