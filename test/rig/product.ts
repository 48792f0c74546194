import { mkdtempSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rig } from './rig.js';

/** Where install.sh puts the hook that rules name. */
export const hookPath = '/usr/local/lib/usb-libvirt-hotplug/hook';

/** The name of the worker's unit. */
export const service = 'usb-libvirt-hotplug.service';

/** Installs the built tree in L1 with its own install.sh, as a person would; returns what that printed. */
export async function installProduct(rig: Rig, options = ''): Promise<string> {
  const staging = mkdtempSync(join(tmpdir(), 'usb-hotplug-product-'));
  try {
    for (const name of ['dist', 'rules', 'install.sh', 'README.md', 'LICENSE', 'package.json']) {
      await cp(name, join(staging, name), { recursive: true, preserveTimestamps: true });
    }
    await rig.copyIn(staging, '/root/usb-libvirt-hotplug');
  } finally {
    rmSync(staging, { recursive: true });
  }
  return rig.mustRun(`cd /root/usb-libvirt-hotplug && ./install.sh ${options} 2>&1`, { timeoutMs: 180_000 });
}

/** Puts a rules file of the user's in place and has udev read it. */
export async function writeRules(rig: Rig, fileName: string, text: string): Promise<void> {
  await rig.mustRun(`cat >/etc/udev/rules.d/${fileName} <<'END'\n${text}\nEND\nudevadm control --reload`);
}

/**
 * Our lines in L1's journal, oldest first. They are the worker's stderr where node cannot load the syslog addon, as
 * on a host whose node is not the one that this tree was built with; and some nodes say there that they are jitless.
 */
export async function logLines(rig: Rig, sinceCursor?: string): Promise<string[]> {
  const entries = await rig.journal(sinceCursor === undefined ? {} : { sinceCursor });
  return entries
    .filter(({ identifier, unit }) => identifier === 'usb-libvirt-hotplug' || unit === service)
    .map(({ message }) => message)
    .filter((message) => !message.startsWith('Warning: disabling flag --expose_wasm'));
}
