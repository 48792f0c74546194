import { xhciInInitramfs } from './initramfs.js';

/** The files that L1 starts from. */
export interface BootFiles {
  readonly vmlinux: string;
  readonly initramfs: string;
  /** The root file system, read-only: every machine writes to a disk of its own on top of it. */
  readonly baseDisk: string;
}

export interface CommandLineOptions {
  readonly boot: BootFiles;
  /** A qcow2 on top of the base disk; this machine alone writes to it. */
  readonly disk: string;
  /** Where L1's serial console is written to. */
  readonly console: string;
  /** What L1 can read through 9p. */
  readonly share: string;
  /** File descriptors that QEMU inherits, each a connected socket. */
  readonly descriptors: { qmp: number; agent: number; lines: number };
  /** The snapshot to start from; without it, L1 boots. */
  readonly snapshot?: string;
  readonly kernelCommandLine?: string;
  /** The initramfs finds USB devices before udev runs: coldplug. */
  readonly xhciInInitramfs?: boolean;
}

/** The ports of L1's virtio-serial controller. The guest agent looks for its own by name. */
export const ports = {
  agent: { number: 1, name: 'org.qemu.guest_agent.0' },
  lines: { number: 2, name: 'lines' },
};

/** The name by which L1 mounts what is in `share`. */
export const shareTag = 'share';

/**
 * QEMU's arguments for L1. It starts halted, so that devices can be plugged in before the first instruction.
 * A snapshot fits only the hardware it was made with, so both come from here, and a change makes a new image.
 */
export function qemuArguments(options: CommandLineOptions): string[] {
  const { boot, disk, console, share, descriptors, snapshot } = options;
  const disks = [
    'node-name=disk,driver=qcow2',
    `file.driver=file,file.filename=${escaped(disk)}`,
    // Said here because the place noted in the qcow2 is wrong as soon as either file is moved.
    `backing.driver=raw,backing.read-only=on,backing.file.driver=file,backing.file.filename=${escaped(boot.baseDisk)}`,
  ];
  return [
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-vga',
    'none',
    '-nic',
    'none',
    '-S',
    '-machine',
    'pc',
    '-accel',
    'tcg,thread=multi',
    '-smp',
    '2',
    '-m',
    '2048',
    // With svm L1 would have a /dev/kvm that libvirt probes and that is of no use.
    '-cpu',
    'qemu64,-svm',
    '-kernel',
    boot.vmlinux,
    '-initrd',
    boot.initramfs,
    '-append',
    kernelCommandLine(options),
    '-chardev',
    `file,id=console,path=${escaped(console)}`,
    '-serial',
    'chardev:console',
    '-blockdev',
    disks.join(','),
    '-device',
    'virtio-blk-pci,drive=disk',
    '-device',
    'virtio-serial-pci',
    ...port('agent', descriptors.agent),
    ...port('lines', descriptors.lines),
    '-chardev',
    `socket,id=qmp,fd=${descriptors.qmp}`,
    '-mon',
    'chardev=qmp,mode=control',
    '-device',
    'qemu-xhci,id=usb,p2=8,p3=8,addr=5',
    '-fsdev',
    `local,id=share,path=${escaped(share)},security_model=none,readonly=on`,
    '-device',
    `virtio-9p-pci,fsdev=share,mount_tag=${shareTag}`,
    ...(snapshot === undefined ? [] : ['-loadvm', snapshot]),
  ];
}

function kernelCommandLine(options: CommandLineOptions): string {
  return [
    // systemd's status lines on an emulated serial port slow the boot; the kernel's warnings stay.
    'console=ttyS0 quiet systemd.show_status=false',
    // What an emulated processor pays most for, and nothing here depends on: a program that is loaded elsewhere each
    // time has to be translated each time, and a read of the clock leaves the emulated processor. A command takes two
    // to four times as long without these.
    'norandmaps nokaslr clocksource=tsc tsc=reliable mitigations=off',
    ...(options.xhciInInitramfs === true ? [xhciInInitramfs] : []),
    ...(options.kernelCommandLine === undefined ? [] : [options.kernelCommandLine]),
  ].join(' ');
}

function port(id: keyof typeof ports, descriptor: number): string[] {
  const { number, name } = ports[id];
  return [
    '-chardev',
    `socket,id=${id},fd=${descriptor}`,
    '-device',
    `virtserialport,chardev=${id},nr=${number},name=${name}`,
  ];
}

/** A comma would end an option's value; QEMU reads two as one. */
function escaped(path: string): string {
  return path.replaceAll(',', ',,');
}
