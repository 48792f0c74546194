// Shows that the rig works here, and how fast: npx tsx test/rig/smoke.ts [--host debian-13] [--cold]
import { parseArgs } from 'node:util';
import { hostNamed, usualHost } from './hosts.js';
import { startRig } from './rig.js';

const keyboardXml = (busNumber: string, deviceNumber: string) => `<hostdev mode='subsystem' type='usb' managed='yes'>
  <source><address bus='${Number(busNumber)}' device='${Number(deviceNumber)}'/></source>
  <alias name='ua-smoke'/>
</hostdev>`;

const {
  values: { host, cold },
} = parseArgs({
  options: {
    host: { type: 'string', default: usualHost.name },
    cold: { type: 'boolean', default: false },
  },
});

let stepStartedAtMs = performance.now();

/** Prints what a step took, counted from the end of the one before. */
function done(step: string): void {
  const nowMs = performance.now();
  console.log(`${((nowMs - stepStartedAtMs) / 1000).toFixed(2).padStart(7)} s  ${step}`);
  stepStartedAtMs = nowMs;
}

const rig = await startRig({ host: hostNamed(host), fromSnapshot: !cold, progress: done });
done(cold ? 'booted, the guest agent answers' : 'started from the snapshot');
try {
  if (cold) {
    await rig.until('libvirt answers', async () => (await rig.run('virsh domuuid testvm-01')).exitCode === 0);
    done('virsh answers');
    await rig.mustRun('virsh start testvm-01');
    done('testvm-01 runs');
  }

  await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'SMOKE1' });
  const [busNumber = '', deviceNumber = ''] = await rig.until('the keyboard is in sysfs', async () => {
    const found = await rig.run(
      'cd "$(dirname "$(grep -l SMOKE1 /sys/bus/usb/devices/*/serial)")" && cat busnum devnum',
    );
    return found.exitCode === 0 && found.stdout.trim().split('\n');
  });
  done('the keyboard is in sysfs');

  await rig.mustRun('udevadm settle');
  done('udev has done its work');

  await rig.mustRun(
    `cat >/run/smoke.xml <<'END'\n${keyboardXml(busNumber, deviceNumber)}\nEND\nvirsh attach-device testvm-01 /run/smoke.xml --live`,
  );
  done('virsh has attached it');
  await rig.until('the keyboard is in the domain', async () =>
    (await rig.infoUsb('testvm-01')).includes('ID: ua-smoke'),
  );
  if (!(await rig.liveXml('testvm-01')).includes("<alias name='ua-smoke'/>")) throw new Error('the live XML lacks it');
  done('QEMU and the live XML show it');

  await rig.mustRun('virsh detach-device-alias testvm-01 ua-smoke --live');
  await rig.until(
    'the keyboard is out of the domain',
    async () => !(await rig.liveXml('testvm-01')).includes('ua-smoke'),
  );
  done('detached');

  await rig.unplug('keyboard');
  await rig.until(
    'the keyboard is out of sysfs',
    async () => (await rig.run('! grep -l SMOKE1 /sys/bus/usb/devices/*/serial')).exitCode === 0,
  );
  done('unplugged');
} finally {
  await rig.stop();
}
done('stopped');
