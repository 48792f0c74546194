// libvirt's daemon is stopped, killed, restarted, hangs, or cannot be activated, while devices come and go.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { holds, idle, marksIn, numberAt, pull, ruleFor, told } from './host.js';
import { startInstalled, writeRules } from './product.js';
import { oneHost } from './hosts.js';
import { whyNoRig, type Rig } from './rig.js';

const skip = (await whyNoRig()) ?? false;

for (const host of oneHost()) {
  describe(`troubles of libvirt's daemon on ${host.name}`, { skip }, () => {
    let rig: Rig;

    before(async () => {
      rig = await startInstalled({ host });
      await writeRules(rig, '90-vm.rules', [ruleFor('1-1', 'testvm-01'), ruleFor('1-2', 'testvm-02')].join('\n'));
    });

    after(async () => {
      await rig.stop();
    });

    const plugKeyboard = () => rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
    const { daemon } = host;
    const daemonAndSockets = ['.service', '.socket', '-ro.socket', '-admin.socket']
      .map((unit) => daemon + unit)
      .join(' ');

    test('what is plugged in while libvirtd is stopped is attached when it is started', async () => {
      await rig.mustRun(`systemctl stop ${daemonAndSockets}`);
      const cursor = await rig.journalCursor();
      await plugKeyboard();
      await told(rig, /^waiting .* for testvm-01 .* libvirt does not answer at qemu:\/\/\/system/, cursor);
      await rig.mustRun(`systemctl start ${daemon}.socket ${daemon}.service`, { timeoutMs: 180_000 });
      await holds(rig, 'testvm-01', '1-1');
    });

    test('what is pulled out while libvirtd is stopped is taken out when it is started', async () => {
      await idle(rig);
      await rig.mustRun(`systemctl stop ${daemonAndSockets}`);
      const cursor = await rig.journalCursor();
      await pull(rig, 'keyboard', '1-1');
      await told(rig, /^leaving .* from testvm-01 .* libvirt does not answer/, cursor);
      await rig.mustRun(`systemctl start ${daemon}.socket ${daemon}.service`, { timeoutMs: 180_000 });
      await holds(rig, 'testvm-01');
    });

    test('a libvirtd that is killed in the middle of an attach ends with the device attached once', async () => {
      for (let round = 0; round < 2; round += 1) {
        await plugKeyboard();
        await rig.until(
          'an attach is under way',
          async () => (await rig.run('pgrep -f attach-device')).exitCode === 0,
          {
            timeoutMs: 180_000,
          },
        );
        await rig.mustRun(`systemctl kill --signal=KILL ${daemon}.service`);
        await holds(rig, 'testvm-01', '1-1');
        const usb = await rig.infoUsb('testvm-01');
        assert.equal(usb.match(/ID: /g)?.length, 1, usb);
        await pull(rig, 'keyboard', '1-1');
        await holds(rig, 'testvm-01');
      }
    });

    test('a libvirtd that is restarted again and again loses nothing', async () => {
      await plugKeyboard();
      for (let round = 0; round < 3; round += 1)
        await rig.mustRun(`systemctl restart ${daemon}`, { timeoutMs: 180_000 });
      await holds(rig, 'testvm-01', '1-1');
      await idle(rig);
      await rig.mustRun(`systemctl restart ${daemon}`, { timeoutMs: 180_000 });
      await holds(rig, 'testvm-01', '1-1');
    });

    test('a libvirtd that hangs is waited for, and the work is done when it goes on', async () => {
      await idle(rig);
      const cursor = await rig.journalCursor();
      await rig.mustRun(`systemctl kill --signal=STOP ${daemon}.service`);
      await pull(rig, 'keyboard', '1-1');
      await told(rig, /^leaving .* from testvm-01 .* virsh did not come back in time/, cursor);
      await rig.mustRun(`systemctl kill --signal=CONT ${daemon}.service`);
      await holds(rig, 'testvm-01');
    });

    test("one domain's trouble does not hold up another's device", async () => {
      await rig.mustRun('virsh start testvm-02', { timeoutMs: 180_000 });
      await idle(rig);
      // Its QEMU answers nothing any more, so an attach there hangs.
      await rig.mustRun('kill -STOP "$(cat /run/libvirt/qemu/testvm-01.pid)"');
      await plugKeyboard();
      await numberAt(rig, '1-1');
      await rig.until('an attach hangs', async () => (await rig.run('pgrep -f attach-device')).exitCode === 0, {
        timeoutMs: 180_000,
      });
      await rig.plug({ id: 'mouse', driver: 'usb-mouse', port: '2', serial: 'MOUSE01' });
      await holds(rig, 'testvm-02', '1-2');
      assert.equal(
        (await rig.run('pgrep -f "attach-device.*11111111-"')).exitCode,
        0,
        'testvm-01 did not hang any more',
      );
      await rig.mustRun('kill -CONT "$(cat /run/libvirt/qemu/testvm-01.pid)"');
      await holds(rig, 'testvm-01', '1-1');
      await pull(rig, 'mouse', '1-2');
      await holds(rig, 'testvm-02');
    });

    test('a libvirtd that cannot be activated (virsh ends with 141 and no word, or is cut off) is waited for', async () => {
      await idle(rig);
      // Debian 13 has no lock daemon unless it is asked for.
      const sockets = (await rig.mustRun('cd /usr/lib/systemd/system && ls virtlogd.socket virtlockd.socket || true'))
        .trim()
        .replaceAll('\n', ' ');
      assert.match(sockets, /virtlogd/);
      await rig.mustRun(
        `systemctl stop ${daemon}.service && systemctl mask --runtime --now ${sockets} && systemctl restart ${daemon}.socket`,
      );
      // With 141 and no word, or with a connection that was reset, as it happens.
      assert.notEqual((await rig.run('virsh list')).exitCode, 0);
      const cursor = await rig.journalCursor();
      await pull(rig, 'keyboard', '1-1');
      await told(rig, /^leaving .* from testvm-01 .* libvirt does not answer/, cursor);
      await rig.mustRun(
        `systemctl unmask --runtime ${sockets} && systemctl start ${sockets} && systemctl reset-failed && systemctl start ${daemon}.socket ${daemon}.service`,
        { timeoutMs: 180_000 },
      );
      await holds(rig, 'testvm-01');
      assert.deepEqual(await marksIn(rig, 'testvm-02'), []);
    });
  });
}
