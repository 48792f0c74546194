import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usualHost, type Host } from './hosts.js';
import { readyImage } from './image/build.js';
import { cachedImage, imageName } from './image/cache.js';
import { startRig, type Rig } from './rig.js';

/** Where install.sh puts the hook that rules name. */
export const hookPath = '/usr/local/lib/usb-libvirt-hotplug/hook';

/** The name of the worker's unit. */
export const service = 'usb-libvirt-hotplug.service';

/** What a person has who unpacked a release. */
const productFiles = ['dist', 'rules', 'install.sh', 'README.md', 'LICENSE', 'package.json'];

/** Starts a host where the built tree is installed. The first to ask installs it; the others start where that ended. */
export async function startInstalled({ host = usualHost }: { host?: Host } = {}): Promise<Rig> {
  return startRig({ host, snapshotDisk: join(await installedHost(host), snapshotFile) });
}

/** That install.sh found nothing amiss when it made such a host, which is made first where it is missing. */
export async function assertWellInstalled(host: Host, progress?: (line: string) => void): Promise<void> {
  const printed = await readFile(join(await installedHost(host, progress), printedFile), 'utf8');
  assert.match(printed, /^ok: the hook runs/m);
  assert.doesNotMatch(printed, /^FAILED/m);
}

const snapshotFile = 'snapshot.qcow2';
const printedFile = 'install.txt';

async function installedHost(host: Host, progress: (line: string) => void = () => undefined): Promise<string> {
  const { snapshotDisk: bare } = await readyImage(host, progress);
  const name = await imageName(`installed-${host.name}`, [bare, ...(await readProduct())]);
  return cachedImage(name, async (unfinished) => {
    const rig = await startRig({ host });
    await writeFile(join(unfinished, printedFile), await installProduct(rig, host));
    await rig.saveAs(join(unfinished, snapshotFile));
  });
}

async function readProduct(): Promise<string[]> {
  const files = await Promise.all(
    productFiles.map(async (name) =>
      name.includes('.') || name === 'LICENSE'
        ? [name]
        : (await readdir(name)).sort().map((entry) => join(name, entry)),
    ),
  );
  return Promise.all(files.flat().map((file) => readFile(file, 'base64')));
}

/** Installs the built tree in L1 with its own install.sh, as a person would; returns what that printed. */
export async function installProduct(rig: Rig, { node }: Pick<Host, 'node'> = usualHost): Promise<string> {
  const staging = mkdtempSync(join(tmpdir(), 'usb-hotplug-product-'));
  try {
    for (const name of productFiles) {
      await cp(name, join(staging, name), { recursive: true, preserveTimestamps: true });
    }
    await rig.copyIn(staging, '/root/usb-libvirt-hotplug');
  } finally {
    rmSync(staging, { recursive: true });
  }
  return rig.mustRun(`cd /root/usb-libvirt-hotplug && ./install.sh --node ${node} 2>&1`, { timeoutMs: 180_000 });
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
