import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedImage, imageName, locked } from './cache.js';
import { runCommand } from './command.js';
import type { BootFiles } from './command-line.js';
import { makeInitramfs } from './initramfs.js';
import { unpackKernel } from './kernel.js';
import type { Daemon } from './modular-daemon.js';
import { aptLine, installMissingPackages, missingPackages, updatePackageLists } from './programs.js';
import { makeRootTree } from './root-tree.js';
import { makeSnapshot } from './snapshot.js';

export interface ImageOptions {
  /** A Debian release, for example `bookworm`. */
  readonly suite: string;
  readonly daemon: Daemon;
}

/** L1, ready to start. */
export interface Image {
  readonly boot: BootFiles;
  /** A qcow2 on top of the base disk that holds the snapshot; copied for every machine. */
  readonly snapshotDisk: string;
}

/** The image, built first where it is missing: this takes a minute and needs root. */
export async function readyImage(options: ImageOptions, progress: (line: string) => void): Promise<Image> {
  const reason = await whyNoImage();
  if (reason !== undefined) throw new Error(reason);
  // apt does not wait for another apt.
  if ((await missingPackages()).length > 0) await locked(() => installMissingPackages(progress));
  const name = await nameOf(options);
  return image(await cachedImage(name, (directory) => buildImage(options, directory, progress)));
}

/** Why there can be no rig on this machine, and what to do about it; undefined when there can. */
export async function whyNoImage(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the rig needs Linux on x86-64';
  if (process.getuid?.() === 0) return undefined;
  const missing = await missingPackages();
  const remedy = missing.length === 0 ? '' : `, after: ${aptLine(missing)}`;
  return `the rig installs a Debian into a directory, which takes root: run it as root${remedy}`;
}

async function nameOf({ suite, daemon }: ImageOptions): Promise<string> {
  return imageName(`${suite}-${daemon}`, [process.version, await qemuVersion()]);
}

/** A snapshot fits only the QEMU that made it. */
async function qemuVersion(): Promise<string> {
  return runCommand('qemu-system-x86_64', ['--version']).then(String, () => 'not installed');
}

function image(directory: string): Image {
  const boot = {
    vmlinux: join(directory, 'vmlinux'),
    initramfs: join(directory, 'initramfs'),
    baseDisk: join(directory, 'base.raw'),
  };
  return { boot, snapshotDisk: join(directory, 'snapshot.qcow2') };
}

async function buildImage(options: ImageOptions, directory: string, progress: (line: string) => void): Promise<void> {
  const { boot, snapshotDisk } = image(directory);
  const work = join(directory, 'work');
  const rootTree = join(work, 'root');
  await mkdir(work);

  progress(`installing Debian ${options.suite} into a directory`);
  await updatePackageLists();
  await makeRootTree({ ...options, directory: rootTree, kernelDirectory: join(work, 'kernel') });
  progress('unpacking the kernel');
  const kernelVersion = await unpackKernel(join(work, 'kernel'), rootTree, boot.vmlinux);
  await makeInitramfs({ rootTree, kernelVersion }, join(work, 'initramfs'), boot.initramfs);
  progress('making the disk');
  await makeDisk(rootTree, boot.baseDisk);
  progress('booting once, for the snapshot');
  await makeSnapshot(boot, snapshotDisk, join(work, 'run'));
  await rm(work, { recursive: true });
}

/** A file system made from a directory: nothing is mounted, no loop device is needed. */
async function makeDisk(rootTree: string, disk: string): Promise<void> {
  await writeFile(disk, '');
  await truncate(disk, 4 * 1024 ** 3);
  await runCommand('mke2fs', ['-q', '-t', 'ext4', '-d', rootTree, disk]);
}
