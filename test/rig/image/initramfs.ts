import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runCommand } from './command.js';

/** Where busybox and the kernel's modules are taken from. */
export interface ModuleTree {
  readonly rootTree: string;
  readonly kernelVersion: string;
}

/** The kernel parameter that has the initramfs load the USB controller's driver. */
export const xhciInInitramfs = 'rig.xhci';

/**
 * With `rig.xhci`, devices are found before udev runs, so that udev meets them by coldplug, as on a host whose
 * initramfs has xhci; the sleep gives the kernel the time to enumerate them. Otherwise udev itself loads the
 * driver, late, and the devices appear as if plugged in when the boot is all but over.
 */
const init = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
# crc32c comes in two forms, of which one fits the processor; the other's refusal says nothing.
load() {
  while read -r module; do /bin/busybox insmod "/modules/$module" 2>/dev/null; done <"/modules/$1"
}
load root.list
tries=0
until [ -b /dev/vda ] || [ "$tries" -gt 200 ]; do
  tries=$((tries + 1))
  /bin/busybox sleep 0.05
done
if /bin/busybox grep -qw ${xhciInInitramfs} /proc/cmdline; then
  load xhci.list
  /bin/busybox sleep 2
fi
/bin/busybox mount -t ext4 -o rw /dev/vda /root
/bin/busybox umount /proc
/bin/busybox mount -o move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
`;

/**
 * Makes the archive the kernel starts from: busybox, the modules it takes to reach the root file system, and the one
 * for L0's ports, so that programs which udev runs in its coldplug can use them.
 */
export async function makeInitramfs(tree: ModuleTree, workDirectory: string, archive: string): Promise<void> {
  for (const folder of ['bin', 'dev', 'proc', 'root', 'modules']) {
    await mkdir(join(workDirectory, folder), { recursive: true });
  }
  await copyFile(join(tree.rootTree, 'bin/busybox'), join(workDirectory, 'bin/busybox'));
  await writeFile(join(workDirectory, 'init'), init);
  await chmod(join(workDirectory, 'init'), 0o755);

  const lists = { root: ['virtio_pci', 'virtio_blk', 'virtio_console', 'crc32c', 'ext4'], xhci: ['xhci_pci'] };
  for (const [list, modules] of Object.entries(lists)) {
    const files = await addModules(tree, modules, join(workDirectory, 'modules'));
    await writeFile(join(workDirectory, 'modules', `${list}.list`), files.map((file) => `${file}\n`).join(''));
  }

  const paths = 'init\nbin\nbin/busybox\ndev\nproc\nroot\nmodules\n';
  const modules = await runCommand('find', ['modules', '-type', 'f'], { cwd: workDirectory });
  const input = Buffer.concat([Buffer.from(paths), modules]);
  await writeFile(
    archive,
    await runCommand('cpio', ['--create', '--quiet', '--format=newc'], { cwd: workDirectory, input }),
  );
}

/** Copies modules with what they depend on, decompressed; returns file names in the order of loading. */
async function addModules({ rootTree, kernelVersion }: ModuleTree, names: string[], to: string): Promise<string[]> {
  const files: string[] = [];
  for (const name of names) {
    const steps = await runCommand('chroot', [
      rootTree,
      'modprobe',
      '--set-version',
      kernelVersion,
      '--show-depends',
      name,
    ]);
    // "insmod /lib/modules/6.1.0-31-amd64/kernel/fs/ext4/ext4.ko", or "builtin ext4" where there is nothing to load.
    for (const [, path] of steps.toString().matchAll(/^insmod (\S+)/gm)) {
      if (path === undefined) continue;
      const module = await readFile(join(rootTree, path));
      const file = basename(path, '.xz');
      await writeFile(join(to, file), path.endsWith('.xz') ? await decompress(module) : module);
      if (!files.includes(file)) files.push(file);
    }
  }
  return files;
}

async function decompress(module: Buffer): Promise<Buffer> {
  return runCommand('xz', ['--decompress', '--stdout'], { input: module });
}
