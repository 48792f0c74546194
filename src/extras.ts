// What the build makes besides the program: the manual page and the shells' completions.
import { commandLine } from './command-line.js';
import { completionScripts, shells } from './core/completion-scripts.js';
import { parseHelp } from './core/help-text.js';
import { helpOfVerbs, writeManPage } from './core/man-page.js';

const name = 'usb-libvirt-hotplug';

/** Their texts by file name. */
export async function writeExtras(): Promise<Record<string, string>> {
  const helpOf = async (words: readonly string[]) => parseHelp(await commandLine(words).wrap(null).getHelp(), name);
  const help = await helpOf([]);
  const page = writeManPage(name, __VERSION__, help, await helpOfVerbs(help, helpOf));
  return {
    [`${name}.8`]: page,
    ...Object.fromEntries(shells.map((shell) => [`${name}.${shell}`, completionScripts[shell]])),
  };
}
