import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { openBox } from '../box.js';

const keyboard = { port: '1-1', number: 2 };

test('a person is told why a device is where it is', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  box.setProperties('1-1', { USB_LIBVIRT_DOMAIN: 'guest1' });
  const free = await box.cli(['explain', '1-1']);
  assert.equal(free.exitCode, 0, free.stderr);
  assert.match(
    free.stdout,
    /^state: free\nwant: nobody wants it: no rule has given it to a domain, and no person\nnext: nothing$/m,
  );
  assert.match(free.stdout, /^ {2}USB_LIBVIRT_DOMAIN=guest1$/m);

  await box.event('add', keyboard, 'guest1');
  await box.event('add', keyboard, 'guest2');
  const { stdout } = await box.cli(['explain', '1-1']);
  assert.equal(
    stdout,
    `0627:0001 "QEMU USB Keyboard" on port 1-1 (bus 001 device 002)
  /devices/pci0000:00/0000:00:05.0/usb1/1-1 at controller 0000:00:05.0
state: waiting: the worker has not come to it yet
want: guest1 at qemu:///system: a rule gave it in the event 1000; other rules asked for guest2, and were refused
domain: guest1 is running
  controller 0: qemu-xhci, 4 of 4 ports free
XML:
  <hostdev mode="subsystem" type="usb">
    <source>
      <address bus="1" device="2"/>
    </source>
    <alias name="ua-usbhp-1-1-2"/>
  </hostdev>
next:
  would attach 0627:0001 "QEMU USB Keyboard" on port 1-1 (bus 001 device 002) to guest1
udev ended with:
  DEVPATH=/devices/pci0000:00/0000:00:05.0/usb1/1-1
  ID_MODEL_ENC=QEMU\\x20USB\\x20Keyboard
  USB_LIBVIRT_DOMAIN=guest1
`,
  );
  await box.work();
  assert.match((await box.cli(['explain', '1-1'])).stdout, /^state: attached\n[^]*^next: nothing$/m);
});

test('the rules that may say whose it is are named by file and line', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  const rules = `${box.directory}/rules`;
  mkdirSync(rules);
  writeFileSync(
    `${rules}/90-vm.rules`,
    'SUBSYSTEM=="usb", RUN+="/usr/local/lib/usb-libvirt-hotplug/hook guest2"\nACTION=="add", ENV{USB_LIBVIRT_DOMAIN}="guest3"\n',
  );
  await box.cli(['assign', '0627:0001', 'guest1']);
  appendFileSync(`${rules}/80-usb-libvirt-hotplug.rules`, '\nKERNEL=="1-1", ENV{USB_LIBVIRT_DOMAIN}="mine"\n');
  const { stdout } = await box.cli(['explain', '1-1']);
  assert.match(
    stdout,
    /^rules of ours that mean it, .*:\n {2}\S+\/rules\/80-usb-libvirt-hotplug\.rules:\d+: To guest1: .*0627:0001.*$/m,
  );
  assert.match(
    stdout,
    /^other rules .*:\n {2}\S+\/80-usb-libvirt-hotplug\.rules:\d+: to mine\n {2}\S+\/90-vm\.rules:1: runs \/usr\/local\/lib\/usb-libvirt-hotplug\/hook guest2\n {2}\S+\/90-vm\.rules:2: to guest3$/m,
  );
});
