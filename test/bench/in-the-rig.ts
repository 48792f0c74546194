// From the kernel's word of a device to its line in the log, against a script of the old one's shape, on one machine.
import process from 'node:process';
import { hookPath, installProduct, writeRules } from '../rig/product.js';
import { startRig } from '../rig/rig.js';

const rounds = 5;
const port = '/devices/pci0000:00/0000:00:05.0/usb1/1-1';

/** Waits for virsh inside the RUN program, as the old script does. */
const oldShape = `#!/bin/bash
[ "$SUBSYSTEM" = usb ] && [ "$DEVTYPE" = usb_device ] || exit 0
case $ACTION in
add) command=attach-device ;;
remove) command=detach-device ;;
*) exit 0 ;;
esac
virsh "$command" "$1" /dev/stdin <<END
<hostdev mode='subsystem' type='usb'>
  <source><address bus='$((10#$BUSNUM))' device='$((10#$DEVNUM))'/></source>
</hostdev>
END
echo "$ACTION done" | systemd-cat -t old-shape`;

const rig = await startRig({ progress: (line) => process.stdout.write(`${line}\n`) });
try {
  await installProduct(rig);
  await rig.mustRun(`cat >/usr/local/bin/old-shape <<'EOF'\n${oldShape}\nEOF\nchmod +x /usr/local/bin/old-shape`);
  await report('a script of the old shape', '/usr/local/bin/old-shape', 'old-shape', () => Promise.resolve());
  // The first one warms the worker up for the others.
  await report('with a worker that lingers', hookPath, 'usb-libvirt-hotplug', () => Promise.resolve());
  await report('with no worker', hookPath, 'usb-libvirt-hotplug', workerEnded);
} finally {
  await rig.stop();
}

async function report(what: string, program: string, logName: string, before: () => Promise<void>): Promise<void> {
  await writeRules(rig, '90-vm.rules', `SUBSYSTEM=="usb",DEVPATH=="${port}",RUN+="${program} testvm-01"`);
  const timesMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await before();
    timesMs.push(await plugOnce(logName));
  }
  const medianMs = [...timesMs].sort((one, other) => one - other)[Math.floor(rounds / 2)] ?? NaN;
  const all = timesMs.map((timeMs) => timeMs.toFixed(0)).join(', ');
  process.stdout.write(`${what}: ${medianMs.toFixed(0)} ms, median of ${all}\n`);
}

async function plugOnce(logName: string): Promise<number> {
  const cursor = await rig.journalCursor();
  await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'BENCH' });
  const tookMs = await rig.until('the line in the log', async () => {
    const entries = await rig.journal({ sinceCursor: cursor });
    const seen = entries.find(({ message }) => message.includes('SerialNumber: BENCH'));
    const done = entries.find(
      ({ identifier, message }) => identifier === logName && /^(attached|add done)/.test(message),
    );
    return seen !== undefined && done !== undefined && done.atMs - seen.atMs;
  });
  await rig.unplug('keyboard');
  await rig.until('the keyboard is gone from everywhere', async () => {
    const { exitCode } = await rig.run('test ! -e /sys/bus/usb/devices/1-1');
    return exitCode === 0 && !(await rig.liveXml('testvm-01')).includes('<hostdev');
  });
  return tookMs;
}

async function workerEnded(): Promise<void> {
  await rig.until('the worker has ended', async () => {
    const { stdout } = await rig.run('systemctl is-active usb-libvirt-hotplug.service');
    return stdout.trim() === 'inactive';
  });
}
