// What the scenarios ask of an installed host, and do to it, over and over.
import { hookPath, logLines, service } from './product.js';
import type { Rig } from './rig.js';

/** The sysfs path of a port on bus 1, as rules match it: "1-1" → "/devices/pci0000:00/0000:00:05.0/usb1/1-1". */
export function devpathOf(port: string): string {
  return `/devices/pci0000:00/0000:00:05.0/usb1/${port}`;
}

/** A rule in the old script's form, for whatever comes to a port on bus 1. */
export function ruleFor(port: string, domain: string): string {
  return `SUBSYSTEM=="usb",DEVPATH=="${devpathOf(port)}",RUN+="${hookPath} ${domain}"`;
}

/** Emulated, and with other tests beside it, a host takes its time. */
const patience = { timeoutMs: 180_000 };

/** Our marks in a domain's live XML, sorted: "ua-usbhp-1-4_1-7" → "1-4_1-7". None while it does not run. */
export async function marksIn(rig: Rig, domain: string): Promise<string[]> {
  const { stdout } = await rig.run(`virsh dumpxml ${domain}`);
  return marksOf(stdout);
}

function marksOf(xml: string): string[] {
  return [...xml.matchAll(/<alias name='ua-usbhp-([\w-]+)'/g)].map(([, mark = '']) => mark).sort();
}

/** Until a domain holds the devices at these ports, under the numbers they have now, and nothing else of ours. */
export async function holds(rig: Rig, domain: string, ...ports: string[]): Promise<void> {
  await rig.until(
    `${domain} holds ${ports.length === 0 ? 'nothing' : ports.join(', ')}`,
    async () => {
      // In one command, and libvirtd's own file is read in a tenth of the time that virsh takes: time is the host's.
      const devnums = ports.map((port) => `/sys/bus/usb/devices/${port}/devnum`);
      const { stdout } = await rig.run(`cat ${devnums.join(' ')} /run/libvirt/qemu/${domain}.xml`);
      const numbers = stdout.split('\n');
      const marks = ports
        .map((port, index) => `${port.replaceAll('.', '_')}-${numbers[index] ?? ''}`)
        .sort()
        .join();
      const isOnFile = stdout.includes('<domstatus');
      return (!isOnFile || marksOf(stdout).join() === marks) && (await marksIn(rig, domain)).join() === marks;
    },
    patience,
  );
}

/** The device number at a port. */
export async function numberAt(rig: Rig, port: string): Promise<string> {
  return rig.until(
    `a device at ${port}`,
    async () => (await rig.mustRun(`cat /sys/bus/usb/devices/${port}/devnum`)).trim(),
    patience,
  );
}

/** Pulls a device out, until the kernel has seen it: an emulated port that is filled before that stays dumb (error -110). */
export async function pull(rig: Rig, id: string, port: string): Promise<void> {
  await rig.unplug(id);
  await rig.until(
    `${port} is empty`,
    async () => (await rig.run(`test ! -e /sys/bus/usb/devices/${port}`)).exitCode === 0,
    patience,
  );
}

/** Until no worker runs and none is to be started. One that only lingers is asked for its lock, as by a command. */
export async function idle(rig: Rig): Promise<void> {
  const run = '/run/usb-libvirt-hotplug';
  const noWorker = `test ! -e /sys/fs/cgroup/system.slice/${service}`;
  await rig.run(`touch ${run}/handover`);
  await rig.until(
    'the worker has ended',
    async () => (await rig.run(`${noWorker} && test ! -e ${run}/wake && ${noWorker}`)).exitCode === 0,
    patience,
  );
}

/** Until our log has a line like this. */
export async function told(rig: Rig, pattern: RegExp, sinceCursor?: string): Promise<string> {
  return rig.until(
    `a line like ${pattern.source}`,
    async () => (await logLines(rig, sinceCursor)).find((line) => pattern.test(line)),
    patience,
  );
}
