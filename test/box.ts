// A host in a box: a run directory, a sysfs, a fake virsh and a syslog of its own, for whole processes of ours.
import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import type { TestContext } from 'node:test';
import { padNumber } from '../src/core/device.js';
import { installFakeVirsh } from './fake/install.mjs';
import { changeState, loadState, readCalls } from './fake/store.mjs';
import { addDomain, hostdevsOf, newState, plugHostDevice, unplugHostDevice } from './fake/world.mjs';
import { listenAsSyslog } from './syslog.js';

type State = ReturnType<typeof newState>;

export interface Plug {
  readonly port: string;
  readonly number: number;
  readonly bus?: number;
  readonly ids?: string;
  readonly product?: string;
  readonly hub?: boolean;
  readonly configured?: boolean;
  /** In Mbit/s. */
  readonly speed?: string;
  readonly serial?: string;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

const dist = resolve('dist');

/** Everything in the box is gone when the test ends. */
export function openBox(context: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'usb-hotplug-'));
  const store = join(directory, 'libvirt');
  const run = join(directory, 'run');
  const sysfs = join(directory, 'sys');
  const syslogSocket = join(directory, 'log');
  mkdirSync(join(sysfs, 'bus/usb/devices'), { recursive: true });
  mkdirSync(join(sysfs, 'bus/usb/drivers/usb'), { recursive: true });
  mkdirSync(store);
  mkdirSync(join(directory, 'bin'));
  installFakeVirsh(join(directory, 'bin'), store);
  for (const program of ['udevadm', 'journalctl', 'systemctl', 'systemd-run']) {
    copyFileSync(`test/fake/${program}.sh`, join(directory, 'bin', program));
    chmodSync(join(directory, 'bin', program), 0o755);
  }
  mkdirSync(join(directory, 'udev'));
  writeFileSync(join(directory, 'cgroup-udev'), '0::/system.slice/systemd-udevd.service/udev\n');
  writeFileSync(join(directory, 'cgroup-shell'), '0::/user.slice/user-0.slice/session-1.scope\n');
  const state = newState();
  addDomain(state, { name: 'guest1' });
  changeState(store, (fresh: State) => Object.assign(fresh, state));

  const children = new Set<ChildProcess>();
  const closers: (() => void)[] = [];
  context.after(() => {
    for (const child of children) child.kill('SIGKILL');
    for (const close of closers) close();
    rmSync(directory, { recursive: true, force: true });
  });

  const base = {
    USB_LIBVIRT_RUN_DIRECTORY: run,
    USB_LIBVIRT_SYSFS: sysfs,
    USB_LIBVIRT_PATH: `${join(directory, 'bin')}:/usr/bin:/bin`,
    USB_LIBVIRT_SYSLOG: syslogSocket,
    USB_LIBVIRT_JOURNALS: join(directory, 'journal'),
    USB_LIBVIRT_LOG_FILES: join(directory, 'syslog'),
    USB_LIBVIRT_LIB: join(directory, 'lib/usb-libvirt-hotplug'),
    USB_LIBVIRT_RULES: `${join(directory, 'rules')}:${join(directory, 'vendor-rules')}`,
    USB_LIBVIRT_HOOKS: join(directory, 'hooks'),
  };

  const box = {
    directory,
    run,
    environment: base,

    libvirt: <T>(change: (state: State) => T): T => changeState(store, change),
    hostdevs: (domain = 'guest1') =>
      hostdevsOf(loadState(store), domain).map(({ bus, device, alias }) => `${bus}:${device} ${alias}`),
    calls: () => readCalls(store),
    virshVerbs: () =>
      readCalls(store).map(({ args }) => args.find((word) => /^[a-z]/.test(word) && !word.includes(':')) ?? ''),
    /** Those that change something. */
    changingVerbs: () => box.virshVerbs().filter((verb) => verb !== 'list' && verb !== 'dumpxml'),

    wants: () => namesIn(join(run, 'wants')),
    records: () => namesIn(join(run, 'state')),
    record: (fileName: string) =>
      JSON.parse(readFileSync(join(run, 'state', fileName), 'utf8')) as { standing: { kind: string; reason?: string } },
    isAwake: () => existsSync(join(run, 'wake')),

    /** A device comes: into sysfs, and in reach of libvirt. */
    plug({
      port,
      number,
      bus = Number.parseInt(port, 10),
      ids = '0627:0001',
      product = 'QEMU USB Keyboard',
      hub = false,
      configured = true,
      speed,
      serial,
    }: Plug) {
      const [vendorId = '', productId = ''] = ids.split(':');
      const device = directoryOf(port, bus);
      mkdirSync(device, { recursive: true });
      const attributes = {
        busnum: bus,
        devnum: number,
        idVendor: vendorId,
        idProduct: productId,
        product,
        bDeviceClass: hub ? '09' : '00',
        ...(speed === undefined ? {} : { speed }),
        ...(serial === undefined ? {} : { serial }),
      };
      for (const [name, value] of Object.entries(attributes)) writeFileSync(join(device, name), `${value}\n`);
      const link = join(sysfs, 'bus/usb/devices', port);
      if (!existsSync(link)) symlinkSync(device, link);
      if (configured) box.configure(port, bus);
      changeState(store, (libvirt: State) => {
        plugHostDevice(libvirt, { bus, device: number, vendorId, productId });
      });
    },

    /** The kernel's generic driver takes the device. */
    configure(port: string, bus = Number.parseInt(port, 10)) {
      symlinkSync(join(sysfs, 'bus/usb/drivers/usb'), join(directoryOf(port, bus), 'driver'));
    },

    /** Two ports become the faces of one socket: "usb1-port4" and "usb2-port3" of their hubs, 1-4-port2 of a hub at 1-4. */
    pair(one: string, other: string) {
      for (const [port, peer] of [
        [one, other],
        [other, one],
      ] as const) {
        const hub = port.replace(/-port\d+$/, '');
        const hubInterface = hub.startsWith('usb') ? `${hub.slice('usb'.length)}-0:1.0` : `${hub}:1.0`;
        const directory = join(sysfs, 'bus/usb/devices', hub, hubInterface, port);
        mkdirSync(directory, { recursive: true });
        symlinkSync(join('..', peer), join(directory, 'peer'));
      }
    },

    /** Pulled and plugged in again, under the same number, as a controller does that counts from the beginning. */
    async replugUnseen(plug: Plug, domain: string) {
      box.unplug(plug);
      box.plug(plug);
      await box.event('add', plug, domain, { SEQNUM: '1010' });
    },

    unplug({ port, number, bus = Number.parseInt(port, 10) }: Plug) {
      rmSync(join(sysfs, 'bus/usb/devices', port), { force: true });
      // Kept out of the way, so that the next plug's directory has an inode of its own, as in sysfs.
      const device = directoryOf(port, bus);
      if (existsSync(device)) renameSync(device, mkdtempSync(join(directory, 'unplugged-')));
      changeState(store, (libvirt: State) => {
        unplugHostDevice(libvirt, { bus, device: number });
      });
    },

    /** What udev's database holds of a device, apart from its path. */
    setProperties(port: string, properties: Record<string, string>) {
      const bus = Number.parseInt(port, 10);
      const path = directoryOf(port, bus).slice(sysfs.length);
      const all = { DEVPATH: path, ID_MODEL_ENC: 'QEMU\\x20USB\\x20Keyboard', ...properties };
      writeFileSync(
        join(directory, 'udev', port),
        Object.entries(all)
          .map(([name, value]) => `E: ${name}=${value}\n`)
          .join(''),
      );
    },
    udevadmCalls: () =>
      existsSync(join(directory, 'udev.calls'))
        ? readFileSync(join(directory, 'udev.calls'), 'utf8').trimEnd().split('\n')
        : [],

    /** The hook as udev runs it: the device's properties and nothing else. */
    event(
      action: string,
      { port, number, bus = Number.parseInt(port, 10), ids = '0627:0001', product = 'QEMU USB Keyboard' }: Plug,
      domain?: string,
      extra: Record<string, string> = {},
    ) {
      const [vendorId = '', productId = ''] = ids.split(':').map((id) => id.replace(/^0{1,3}/, ''));
      return box.hook(domain === undefined ? [] : [domain], {
        ACTION: action,
        SUBSYSTEM: 'usb',
        DEVTYPE: 'usb_device',
        DEVPATH: `/devices/pci0000:00/0000:00:05.0/usb${bus}/${port}`,
        BUSNUM: padNumber(bus),
        DEVNUM: padNumber(number),
        PRODUCT: `${vendorId}/${productId}/0`,
        // As udev's usb_id encodes it.
        ID_MODEL_ENC: product.replace(
          /[^\w.-]/g,
          (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
        ),
        SEQNUM: '1000',
        USB_LIBVIRT_CGROUP: join(directory, 'cgroup-udev'),
        ...extra,
      });
    },

    /** The hook as a person runs it, from a shell. */
    byHand: (args: string[], environment: Record<string, string>) =>
      box.hook(args, {
        SUBSYSTEM: 'usb',
        DEVTYPE: 'usb_device',
        USB_LIBVIRT_CGROUP: join(directory, 'cgroup-shell'),
        ...environment,
      }),

    hook: (args: string[], environment: Record<string, string>) =>
      ended(start(['--jitless', join(dist, 'hook.cjs'), ...args], environment)),
    cli: (args: string[]) => ended(box.start(args)),
    /** A command that stays. */
    start: (args: string[]) => start([join(dist, 'cli.cjs'), ...args]),
    /** A worker as systemd starts it; it lingers for as long as it is told. */
    service: (lingerSeconds = 0) =>
      start(['--jitless', join(dist, 'service.cjs'), '--linger-seconds', String(lingerSeconds)]),
    /** A worker to its end. */
    work: () => ended(box.service()),

    /** Listens where syslog would, and tells the lines that came. */
    openSyslog(): string[] {
      const { received, stop } = listenAsSyslog(syslogSocket);
      closers.push(stop);
      return received;
    },
  };

  /** A device's directory in sysfs. */
  function directoryOf(port: string, bus: number) {
    return join(sysfs, `devices/pci0000:00/0000:00:05.0/usb${bus}`, port.startsWith('usb') ? '' : port);
  }

  function start(args: string[], environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, args, {
      env: { ...base, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    return child;
  }

  return box;
}

export type Box = ReturnType<typeof openBox>;

/** How a process ended, with all that it printed. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const startedMs = performance.now();
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
  const exitCode = await new Promise<number | null>((done) => child.once('close', done));
  // Node 20 and 22 say so of --jitless; it is harmless.
  stderr = stderr.replace(/^Warning: disabling flag --expose_wasm.*\n/m, '');
  return { exitCode, stdout, stderr, tookMs: performance.now() - startedMs };
}

/** Waits until something holds; what it waited for in vain is in the error. */
export async function until(what: string, holds: () => boolean, limitMs = 60_000): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${limitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}
