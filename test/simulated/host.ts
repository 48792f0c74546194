// A whole host in this process: buses, udev, systemd, libvirt and the product's own hook and worker between them.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultUri } from '../../src/core/domain.js';
import type { Message } from '../../src/core/message.js';
import { rebuild } from '../../src/core/rebuild.js';
import { portFilesIn } from '../../src/host/port-files.js';
import { openUdev } from '../../src/host/udev.js';
import { wantFilesIn } from '../../src/host/want-files.js';
import { openDomains } from './domains.js';
import { interceptFiles, letRun } from './process.js';
import { openSystemd } from './systemd.js';
import { openTime } from './time.js';
import { simulateUdev } from './udev.js';
import { openUsb, type Kind, type Plugged, type Port } from './usb.js';
import { openLibvirt } from './virsh.js';

/** How the host goes on before the next thing happens to it. */
export type Pause =
  | { readonly kind: 'none' }
  | { readonly kind: 'time'; readonly ms: number }
  /** Until the worker is about to do its so-manieth operation, in the midst of which the next thing happens. */
  | { readonly kind: 'operations'; readonly count: number }
  /** Until nobody does anything any more. */
  | { readonly kind: 'quiet' };

const beganMs = Date.UTC(2026, 0, 1);
/** Hours of the host, in which everybody who waits for something must have come to an end. */
const patienceMs = 15 * 60_000;
/** A number that was given back is not given out again while anybody may still be about to use it. */
const restMs = 60_000;
/** The kernel needs as long to configure a device. */
const configureMs = 20;

/** Where hosts are made, one at a time: in memory if the machine can. Close it at the end. */
export function openHosts() {
  const memory = '/dev/shm';
  const directory = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'usb-hotplug-host-'));
  const restoreFiles = interceptFiles();
  const clocks = { date: Date.now.bind(Date), uptime: process.uptime.bind(process) };
  return {
    open(options: { lastNumber: number }): Host {
      const host = openHost(directory, options);
      Date.now = host.time.wall;
      process.uptime = () => host.time.elapsed() / 1000;
      return host;
    },
    close(): void {
      Date.now = clocks.date;
      process.uptime = clocks.uptime;
      restoreFiles();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function openHost(directory: string, { lastNumber }: { lastNumber: number }) {
  const runDirectory = join(directory, 'run');
  const sysfs = join(directory, 'sys');
  for (const path of [runDirectory, sysfs]) rmSync(path, { recursive: true, force: true });
  const lines: string[] = [];
  const time = openTime(beganMs);
  const log = ({ severity, text }: Message) => {
    if (severity !== 'debug') lines.push(`${(time.elapsed() / 1000).toFixed(3)} ${text}`);
  };
  const places = { runDirectory, sysfs, path: '', syslogSocket: '', cgroup: '', rulesDirectory: '' };
  const restingUntilMs = new Map<string, number>();
  const libvirt = openLibvirt(time);
  const usb = openUsb({ sysfs, lastNumber, isResting });
  const udev = simulateUdev({ time, usb, places, log: { write: log, close: () => Promise.resolve() } });
  let interruption: { left: number; readonly happen: () => void } | undefined;
  const systemd = openSystemd({ time, usb, libvirt, places, log, onOperation });
  const domains = openDomains({
    libvirt,
    usb,
    runDirectory,
    onDaemonStart: () => {
      systemd.start();
    },
  });

  const host = {
    time,
    libvirt,
    usb,
    udev,
    systemd,
    domains,
    runDirectory,
    /** Nobody knows any more which plug the hostdevs of before are of. */
    forgot: false,
    /** The log, with the seconds since the host was started. */
    lines,

    plug(port: Port, kind: Kind, authorized = true): void {
      const device = usb.plug(port, kind, authorized);
      if (device === undefined) return;
      libvirt.plug(device);
      udev.queueEvent('add', device);
      if (authorized) configure(device);
    },

    unplug(port: Port): void {
      for (const device of usb.unplug(port)) {
        restingUntilMs.set(`${device.busNumber}:${device.deviceNumber}`, time.elapsed() + restMs);
        libvirt.unplug(device);
        udev.queueEvent('remove', device);
      }
    },

    /** What USBGuard or a person does with a device that was kept unauthorized. */
    authorize(port: Port): void {
      const device = usb.at(port);
      if (device?.configured === false) configure(device);
    },

    /** The driver of a bus's controller is bound anew: all its devices come again, mostly under their old numbers. */
    rebind(busNumber: number): void {
      const before = usb.all().filter((device) => device.busNumber === busNumber);
      const outermost = before.filter(({ port }) => !port.includes('.'));
      for (const { port } of outermost) host.unplug(port);
      for (const { deviceNumber } of before) restingUntilMs.delete(`${busNumber}:${deviceNumber}`);
      usb.restartNumbers(busNumber);
      for (const { port, kind, authorized } of outermost) host.plug(port, kind, authorized);
      // What hangs on a hub comes once the hub is configured.
      time.after(2 * configureMs, () => {
        for (const { port, kind, authorized } of before) host.plug(port, kind, authorized);
      });
    },

    /** The kernel resets a device, which keeps its number and has none for a moment. */
    reset(port: Port): void {
      const device = usb.at(port);
      if (device === undefined) return;
      udev.queueEvent('change', device, { numberless: true });
      udev.queueEvent('change', device);
    },

    loseWake(): void {
      rmSync(join(runDirectory, 'wake'), { force: true });
    },

    loseRunDirectory(): void {
      rmSync(runDirectory, { recursive: true, force: true });
      udev.claims.forgetAll();
      host.forgot = true;
      systemd.loseDirectory();
    },

    /** Lets the host go on for a while, and then makes something happen. */
    async goOn(pause: Pause, happen: () => void): Promise<void> {
      switch (pause.kind) {
        case 'none':
          happen();
          return;
        case 'time':
          await run(time.elapsed() + pause.ms, () => false);
          happen();
          return;
        case 'quiet':
          await host.comeToRest();
          happen();
          return;
        case 'operations': {
          const mine = { left: pause.count, happen };
          interruption = mine;
          await run(time.elapsed() + patienceMs, () => interruption !== mine || isQuiet());
          if (interruption !== mine) return;
          interruption = undefined;
          happen();
        }
      }
    },

    async comeToRest(): Promise<void> {
      await run(time.elapsed() + patienceMs, isQuiet);
      if (!isQuiet()) throw new Error(`it does not come to rest within ${patienceMs / 60_000} minutes`);
    },

    /** Nothing is out of order any more, and everybody ends what they are at. */
    async settle(): Promise<void> {
      udev.hookDeaths.length = 0;
      libvirt.slow.length = 0;
      libvirt.state.faults.length = 0;
      domains.daemonUp();
      await host.comeToRest();
    },

    /** `usb-libvirt-hotplug sync`, as its command does it. */
    async sync(): Promise<void> {
      const wants = wantFilesIn(runDirectory);
      const known = await openUdev(udev.udevadm, '/sys').readProperties(usb.readPlugged());
      const read = wants.readAll().wants;
      wants.putRebuilt(rebuild(known ?? [], read, { defaultUri, nowMs: time.wall() }), read);
      udev.noteSync();
      portFilesIn(runDirectory).clear();
      systemd.workOnce();
      await host.comeToRest();
    },

    /** What `--rescan` does before. */
    async rescan(): Promise<void> {
      udev.trigger('add');
      udev.trigger('bind');
      await host.comeToRest();
    },
  };
  return host;

  function configure(device: Plugged): void {
    time.after(configureMs, () => {
      if (usb.at(device.port) !== device) return;
      device.configured = true;
      udev.queueEvent('bind', device);
    });
  }

  function isQuiet(): boolean {
    return systemd.isQuiet() && udev.isQuiet() && time.nextAtMs() === undefined;
  }

  async function run(endMs: number, until: () => boolean): Promise<void> {
    for (;;) {
      do await letRun(systemd.worker());
      while (systemd.look());
      if (until()) return;
      const nextMs = time.nextAtMs();
      if (nextMs === undefined || nextMs > endMs) {
        time.passTo(endMs);
        return;
      }
      time.fireNext();
    }
  }

  function onOperation(): void {
    if (interruption === undefined) return;
    interruption.left -= 1;
    if (interruption.left > 0) return;
    const { happen } = interruption;
    interruption = undefined;
    happen();
  }

  /** While anybody may still be about to use it, or a domain has other people's hostdev of that number. */
  function isResting(busNumber: number, deviceNumber: number): boolean {
    const untilMs = restingUntilMs.get(`${busNumber}:${deviceNumber}`) ?? 0;
    return untilMs > time.elapsed() || libvirt.isOthers(busNumber, deviceNumber);
  }
}

export type Host = ReturnType<typeof openHost>;
