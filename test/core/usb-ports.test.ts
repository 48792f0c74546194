import assert from 'node:assert/strict';
import test from 'node:test';
import { parseUsbPorts } from '../../src/core/hostdev.js';
import { judgeUsbPorts } from '../../src/core/usb-ports.js';

/** The live XML of a domain with these devices. */
const domainWith = (devices: string) => `<domain type='kvm' id='3'><devices>${devices}</devices></domain>`;
const controller = (model: string, rest = '') => `<controller type='usb' index='0' model='${model}' ${rest}/>`;
const tablet = `<input type='tablet' bus='usb'><address type='usb' bus='0' port='1'/></input>`;
const ehci = controller('ich9-ehci1') + ['1', '2', '3'].map((n) => controller(`ich9-uhci${n}`)).join('');

for (const [devices, verdict, detail] of [
  [controller('qemu-xhci', "ports='15'") + tablet, 'ok', 'win10 has qemu-xhci with 15 ports; 1 taken, 14 free'],
  [controller('nec-xhci'), 'ok', 'win10 has nec-xhci with 4 ports; 0 taken, 4 free'],
  [ehci, 'ok', 'win10 has ich9-ehci1 with 6 ports, ich9-uhci1, ich9-uhci2, ich9-uhci3; 0 taken, 6 free'],
  [
    controller('piix3-uhci') + tablet,
    'warning',
    'win10 has piix3-uhci with 2 ports; 1 taken, 1 free; only low and full speed devices (12M) fit, no sticks or disks',
  ],
  [
    controller('ehci'),
    'warning',
    'win10 has ehci with 6 ports; 0 taken, 6 free; only high speed devices (480M) fit, no keyboards or mice',
  ],
  [
    `${controller('qemu-xhci', "ports='1'")}<hub type='usb'><address type='usb' bus='0' port='1'/></hub>${tablet}`,
    'ok',
    'win10 has qemu-xhci with 1 ports; 2 taken, 7 free',
  ],
  [controller('none'), 'failed', 'win10 has no USB controller'],
] as const) {
  test(`a domain is told: ${detail}`, () => {
    const ports = parseUsbPorts(domainWith(devices));
    assert.ok(ports !== undefined);
    const judged = judgeUsbPorts('win10', ports);
    assert.deepEqual([judged.verdict, judged.detail], [verdict, detail]);
    assert.equal(judged.remedy === '', verdict === 'ok');
  });
}

test('a domain that does not run has no live ports', () => {
  assert.equal(parseUsbPorts(`<domain type='kvm'><devices>${controller('qemu-xhci')}</devices></domain>`), undefined);
  assert.equal(parseUsbPorts('no XML'), undefined);
});
