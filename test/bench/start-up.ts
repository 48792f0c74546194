// What starting costs, in pairs on one machine, against bare Node: the ratios are what counts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';

const pairs = 30;
const directory = mkdtempSync(join(tmpdir(), 'usb-hotplug-bench-'));
const run = join(directory, 'run');
// As install.sh writes it.
const front = join(directory, 'hook');

try {
  prepareHost();
  const node = process.execPath;
  const bare = [node, '--jitless', '-e', '0'];
  report('the hook under udev, a new want', bare, [front, 'guest1'], haveRun);
  report('the hook under udev, an add that changes nothing', bare, [front, 'guest1']);
  report('the hook under udev, the bind that follows', bare, [front, 'guest1'], undefined, { ACTION: 'bind' });
  report(
    'a cold worker, one device, a virsh that returns at once',
    bare,
    [node, '--jitless', resolve('dist/service.cjs'), '--linger-seconds', '0'],
    plugAgain,
  );
  const list = ['usb-libvirt-hotplug list, one device', resolve('dist/cli.cjs')] as const;
  const packages = ['of that: yargs, execa three times and xml2js alone', await bundlePackages()] as const;
  for (const [what, program] of [list, packages]) report(what, [node, '-e', '0'], [node, program, 'list']);
} finally {
  rmSync(directory, { recursive: true });
}

async function bundlePackages(): Promise<string> {
  const outfile = join(directory, 'packages.cjs');
  await build({
    entryPoints: ['test/bench/packages-alone.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    minify: true,
    alias: { yargs: createRequire(import.meta.url).resolve('yargs') },
    logLevel: 'warning',
  });
  return outfile;
}

/** Runs the two in turn and prints the medians and the median of the ratios, pair by pair. */
function report(
  what: string,
  baseline: string[],
  command: string[],
  before: () => void = () => undefined,
  change: Record<string, string> = {},
): void {
  const times: { bareMs: number; oursMs: number }[] = [];
  for (let pair = -1; pair < pairs; pair += 1) {
    before();
    const time = { bareMs: timeOf(baseline), oursMs: timeOf(command, change) };
    if (pair >= 0) times.push(time);
  }
  const ratio = median(times.map(({ bareMs, oursMs }) => oursMs / bareMs));
  const bareMs = median(times.map((time) => time.bareMs));
  const oursMs = median(times.map((time) => time.oursMs));
  process.stdout.write(
    `${what}: ${oursMs.toFixed(0)} ms, ${ratio.toFixed(2)} times node ${baseline.slice(1).join(' ')} (${bareMs.toFixed(0)} ms); medians of ${pairs} pairs\n`,
  );
}

function timeOf([program = '', ...args]: string[], change: Record<string, string> = {}): number {
  const startedMs = performance.now();
  const { status, stderr } = spawnSync(program, args, { env: { ...environment(), ...change }, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - startedMs;
}

function median(values: number[]): number {
  return values.sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;
}

function environment(): Record<string, string> {
  return {
    ACTION: 'add',
    SUBSYSTEM: 'usb',
    DEVTYPE: 'usb_device',
    DEVPATH: '/devices/pci0000:00/0000:00:05.0/usb1/1-1',
    BUSNUM: '001',
    DEVNUM: '002',
    PRODUCT: '627/1/0',
    SEQNUM: '1211',
    USB_LIBVIRT_RUN_DIRECTORY: run,
    USB_LIBVIRT_SYSFS: join(directory, 'sys'),
    USB_LIBVIRT_PATH: `${directory}:/usr/bin:/bin`,
    USB_LIBVIRT_SYSLOG: join(directory, 'no-log'),
    USB_LIBVIRT_CGROUP: join(directory, 'cgroup'),
  };
}

/** A sysfs with one keyboard, and a virsh that answers at once and attaches what it is told. */
function prepareHost(): void {
  const text = readFileSync('rules/hook', 'utf8')
    .replaceAll('@NODE@', process.execPath)
    .replaceAll('@LIB@', resolve('dist'));
  writeFileSync(front, text, { mode: 0o755 });
  haveRun();
  writeFileSync(join(directory, 'cgroup'), '0::/system.slice/systemd-udevd.service/udev\n');
  const device = join(directory, 'sys/bus/usb/devices/1-1');
  mkdirSync(device, { recursive: true });
  for (const [name, value] of Object.entries({
    busnum: '1',
    devnum: '2',
    idVendor: '0627',
    idProduct: '0001',
    bDeviceClass: '00',
  })) {
    writeFileSync(join(device, name), `${value}\n`);
  }
  mkdirSync(join(directory, 'sys/driver'));
  symlinkSync(join(directory, 'sys/driver'), join(device, 'driver'));
  writeFileSync(
    join(directory, 'virsh'),
    `#!/bin/sh
case "$*" in
*\\ list\\ *) echo 36a02b13-6bb5-4cbf-a23b-b8eb134f57e8 guest1 ;;
*\\ attach-device\\ *) : >${directory}/attached ;;
*\\ dumpxml\\ *)
  echo "<domain type='qemu' id='1'><devices>"
  if [ -e ${directory}/attached ]; then
    echo "<hostdev mode='subsystem' type='usb'><source><address bus='1' device='2'/></source><alias name='ua-usbhp-1-1-2'/></hostdev>"
  fi
  echo '</devices></domain>'
  ;;
*) exit 1 ;;
esac
`,
    { mode: 0o755 },
  );
}

/** A host where a worker has run since it was booted, and nothing is wanted. */
function haveRun(): void {
  rmSync(run, { recursive: true, force: true });
  mkdirSync(run);
  writeFileSync(join(run, 'lock'), '', { mode: 0o600 });
}

/** The device is wanted and not attached. */
function plugAgain(): void {
  haveRun();
  rmSync(join(directory, 'attached'), { force: true });
  timeOf([front, 'guest1']);
  if (!existsSync(join(run, 'wake'))) throw new Error('the hook left no wake');
}
