import type { Environment } from '../core/event.js';
import { readIfThere } from './files.js';
import { join } from 'node:path';

/** Where this program's parts lie, and where people put their rules. The environment can move them, for tests. */
export interface Installation {
  /** The folder of the bundles and of the hook's shell front. */
  readonly lib: string;
  /** udev's folders for rules; a file in an earlier one stands in for its namesakes in later ones. */
  readonly rulesDirectories: readonly string[];
  /** Where libvirt looks for hook scripts. */
  readonly libvirtHooks: string;
}

/** @param ownFolder the folder that the running program lies in */
export function installationFrom(environment: Environment, ownFolder: string): Installation {
  const rules =
    environment['USB_LIBVIRT_RULES'] ??
    '/etc/udev/rules.d:/run/udev/rules.d:/usr/local/lib/udev/rules.d:/usr/lib/udev/rules.d:/lib/udev/rules.d';
  return {
    lib: environment['USB_LIBVIRT_LIB'] ?? ownFolder,
    rulesDirectories: rules.split(':').filter((folder) => folder !== ''),
    libvirtHooks: environment['USB_LIBVIRT_HOOKS'] ?? '/etc/libvirt/hooks',
  };
}

/** The path by which rules name the hook. */
export function hookOf({ lib }: Installation): string {
  return join(lib, 'hook');
}

/** The node that install.sh wrote into the hook's front, which udev starts; undefined when there is no front. */
export function readInstalledNode(installation: Installation): string | undefined {
  const front = readIfThere(hookOf(installation)) ?? '';
  return /^exec "([^"@]+)"/m.exec(front)?.[1];
}
