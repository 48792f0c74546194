import { chmod, copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from './command.js';
import { configure } from './configuration.js';
import { becomeModular, type Daemon } from './modular-daemon.js';
import { aptTransportOptions, debianSources } from './sources.js';

export interface RootTreeOptions {
  readonly suite: string;
  readonly daemon: Daemon;
  /** Where the tree is made; must not exist. */
  readonly directory: string;
  /** Where the kernel's package file is put. */
  readonly kernelDirectory: string;
}

const packages = [
  'systemd-sysv',
  'udev',
  'dbus',
  'kmod',
  'procps',
  'usbutils',
  'ifupdown',
  'busybox-static',
  'libstdc++6',
  'libvirt-daemon-system',
  'libvirt-daemon-driver-qemu',
  'libvirt-clients',
  'qemu-system-x86',
  'seabios',
  'ipxe-qemu',
  'qemu-guest-agent',
  'nodejs',
];

/**
 * mmdebstrap mounts /proc and /sys into the tree. In namespaces of its own these end with it, and it ends with this
 * process: what a killed build leaves is a plain directory, which can be removed.
 */
const inNamespaces = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--mount-proc', '--pid', '--fork', '--kill-child'];

/** Makes L1's file tree: a minimal Debian with libvirt and Node, and its kernel's package beside it. */
export async function makeRootTree(options: RootTreeOptions): Promise<void> {
  const { suite, daemon, directory, kernelDirectory } = options;
  await mkdir(kernelDirectory, { recursive: true });
  const aptOptions = join(kernelDirectory, 'apt.conf');
  await writeFile(aptOptions, await aptTransportOptions());

  await runCommand('setpriv', [
    ...inNamespaces,
    'mmdebstrap',
    '--variant=minbase',
    `--include=${packages.join(',')}`,
    `--aptopt=${aptOptions}`,
    ...['doc', 'man', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    // The 32-bit emulator would double the time in which libvirt probes what QEMU can do.
    '--dpkgopt=path-exclude=/usr/bin/qemu-system-i386',
    `--customize-hook=${downloadKernel(kernelDirectory)}`,
    suite,
    directory,
    ...(await debianSources(suite)),
  ]);
  await copyNode(directory);
  await configure(directory);
  if (daemon === 'virtqemud') await becomeModular(directory);
}

/** The kernel is not installed, only fetched: its package would bring the machinery that builds an initramfs. */
function downloadKernel(kernelDirectory: string): string {
  return (
    `export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"; cd '${kernelDirectory}' &&` +
    ` apt-get download "$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \\(linux-image-[^ ]*\\)/\\1/p')"`
  );
}

/** L1 has two: this machine's as /usr/bin/node, and its release's own as /usr/bin/nodejs, a link until now. */
async function copyNode(directory: string): Promise<void> {
  const target = join(directory, 'usr/bin/node');
  await rename(target, join(directory, 'usr/bin/nodejs'));
  await copyFile(process.execPath, target);
  await chmod(target, 0o755);
  for (const library of await librariesNotIn(directory)) {
    await mkdir(dirname(join(directory, library)), { recursive: true });
    await copyFile(library, join(directory, library));
  }
  // Fails here, with the loader's own words, where this machine's Node is too new for the suite's libc.
  await runCommand('chroot', [directory, '/usr/bin/node', '--version']);
}

/** The libraries this machine's Node loads that the tree does not have, as absolute paths. */
async function librariesNotIn(directory: string): Promise<string[]> {
  const wanted = (await runCommand('chroot', [directory, 'ldd', '/usr/bin/node'])).toString();
  const present = (await runCommand('ldd', [process.execPath])).toString();
  // "	libnode.so.108 => not found" in the tree, "	libnode.so.108 => /lib/x86_64-linux-gnu/libnode.so.108 (0x…)" here.
  const missing = [...wanted.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1]);
  return [...present.matchAll(/^\s*(\S+) => (\/\S+)/gm)].flatMap(([, name, path]) =>
    path !== undefined && missing.includes(name) ? [path] : [],
  );
}
