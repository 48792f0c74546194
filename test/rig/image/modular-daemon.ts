import { appendFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The daemon that `qemu:///system` leads to: the one for every driver, or the one for QEMU alone. */
export type Daemon = 'libvirtd' | 'virtqemud';

const sockets = [
  { name: 'virtqemud.socket', path: 'virtqemud-sock', mode: '0666', passedAs: 'libvirtd.socket' },
  { name: 'virtqemud-ro.socket', path: 'virtqemud-sock-ro', mode: '0666', passedAs: 'libvirtd-ro.socket' },
  { name: 'virtqemud-admin.socket', path: 'virtqemud-admin-sock', mode: '0600', passedAs: 'libvirtd-admin.socket' },
];
const monolithic = ['libvirtd.service', 'libvirtd.socket', 'libvirtd-ro.socket', 'libvirtd-admin.socket'];

/**
 * Makes a host whose QEMU domains are virtqemud's, as on Fedora. Debian 13 builds no such program, so libvirtd stands
 * in for it, which is made from the same source: with virtqemud's units, sockets and idle time, and with no unit of
 * its own. What this cannot show is a daemon that lacks the other drivers.
 */
export async function becomeModular(rootTree: string): Promise<void> {
  const units = join(rootTree, 'etc/systemd/system');
  const libvirtd = await readFile(join(rootTree, 'usr/lib/systemd/system/libvirtd.service'), 'utf8');
  await writeFile(
    join(units, 'virtqemud.service'),
    libvirtd.replaceAll(/libvirtd([-a-z]*)\.socket/g, 'virtqemud$1.socket'),
  );
  for (const socket of sockets) await writeFile(join(units, socket.name), socketUnit(socket));
  // Debian's virsh finds virtqemud's socket when it is told a URI, and without one looks for libvirtd's alone.
  await appendFile(join(rootTree, 'etc/libvirt/libvirt.conf'), 'uri_default = "qemu:///system"\n');

  for (const unit of monolithic) {
    await mask(join(units, unit));
    for (const target of ['multi-user', 'sockets'])
      await rm(join(units, `${target}.target.wants`, unit), { force: true });
  }
  await enable('virtqemud.service', 'multi-user.target');
  for (const { name } of sockets) await enable(name, 'sockets.target');

  async function enable(unit: string, target: string): Promise<void> {
    await mkdir(join(units, `${target}.wants`), { recursive: true });
    await symlink(`/etc/systemd/system/${unit}`, join(units, `${target}.wants`, unit));
  }
}

/** libvirtd knows the sockets that it is handed by the names they are passed under. */
function socketUnit({ path, mode, passedAs }: (typeof sockets)[number]): string {
  return `[Socket]
ListenStream=/run/libvirt/${path}
FileDescriptorName=${passedAs}
Service=virtqemud.service
SocketMode=${mode}
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
`;
}

async function mask(link: string): Promise<void> {
  await rm(link, { force: true });
  await symlink('/dev/null', link);
}
