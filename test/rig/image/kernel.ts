import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.js';

/** Drivers for hardware that L1 cannot have, as folders of the module tree: two thirds of it. */
const droppedModules = [
  'sound',
  'drivers/comedi',
  'drivers/gpu',
  'drivers/hwmon',
  'drivers/iio',
  'drivers/infiniband',
  'drivers/isdn',
  'drivers/media',
  'drivers/mtd',
  'drivers/net/ethernet',
  'drivers/net/wireless',
  'drivers/staging',
];

/**
 * Unpacks the kernel's package: modules into L1's tree, and the kernel itself, decompressed, to `vmlinux`:
 * QEMU starts that directly (PVH), which saves the seconds in which an emulated processor would decompress it.
 * Returns the kernel's version, as in /lib/modules/VERSION.
 */
export async function unpackKernel(kernelDirectory: string, rootTree: string, vmlinux: string): Promise<string> {
  const unpacked = join(kernelDirectory, 'unpacked');
  for (const file of await readdir(kernelDirectory)) {
    if (file.endsWith('.deb')) await runCommand('dpkg-deb', ['--extract', join(kernelDirectory, file), unpacked]);
  }
  const image = (await readdir(join(unpacked, 'boot'))).find((name) => name.startsWith('vmlinuz-'));
  if (image === undefined) throw new Error(`no kernel in the packages that were put into ${kernelDirectory}`);
  const version = image.slice('vmlinuz-'.length);

  await writeFile(vmlinux, await decompressKernel(await readFile(join(unpacked, 'boot', image))));
  const modules = await moduleTree(unpacked, version);
  for (const folder of droppedModules) await rm(join(modules, 'kernel', folder), { recursive: true, force: true });
  await mkdir(join(rootTree, 'usr/lib/modules'), { recursive: true });
  await rename(modules, join(rootTree, 'usr/lib/modules', version));
  await runCommand('chroot', [rootTree, 'depmod', version]);
  return version;
}

/** The payload's place is in the header that boot loaders read (Documentation/arch/x86/boot.rst). */
async function decompressKernel(image: Buffer): Promise<Buffer> {
  const setupSectors = image.readUInt8(0x1f1);
  const payloadOffset = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
  const payload = image.subarray(payloadOffset, payloadOffset + image.readUInt32LE(0x24c));
  // The kernel's build appends the unpacked length, which is no part of the compressed stream.
  const stream = payload.subarray(0, payload.length - 4);
  if (stream.readUInt32BE(0) === 0xfd377a58) return runCommand('xz', ['--decompress', '--stdout'], { input: stream });
  if (stream.readUInt32LE(0) === 0xfd2fb528) return runCommand('zstd', ['--decompress', '--stdout'], { input: stream });
  throw new Error('the kernel is compressed with neither xz nor zstd');
}

async function moduleTree(unpacked: string, version: string): Promise<string> {
  const places = [join(unpacked, 'usr/lib/modules', version), join(unpacked, 'lib/modules', version)];
  for (const place of places) {
    if (
      await readdir(place).then(
        () => true,
        () => false,
      )
    )
      return place;
  }
  throw new Error(`the kernel's package has no modules for ${version}`);
}
