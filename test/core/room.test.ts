import assert from 'node:assert/strict';
import test from 'node:test';
import { parseDomain } from '../../src/core/hostdev.js';
import { guestBusesOf } from '../../src/core/guest-ports.js';
import { judgeRoom } from '../../src/core/room.js';

const controller = (model: string, rest = '') => `<controller type='usb' index='0' model='${model}' ${rest}/>`;
const tablet = `<input type='tablet' bus='usb'><address type='usb' bus='0' port='1'/></input>`;
const companions = ['1', '2', '3'].map((n) => controller(`ich9-uhci${n}`)).join('');

for (const [devices, verdict, detail] of [
  [controller('qemu-xhci', "ports='15'") + tablet, 'ok', 'win10: controller 0: qemu-xhci, 14 of 15 ports free'],
  [controller('qemu-xhci', "ports='1'") + tablet, 'warning', 'win10: controller 0: qemu-xhci, 0 of 1 ports free'],
  [controller('ich9-ehci1') + companions, 'ok', 'win10: controller 0: ich9-ehci1, 6 of 6 ports free, for 1.5M to 480M'],
  [controller('piix3-uhci'), 'warning', 'win10: controller 0: piix3-uhci, 2 of 2 ports free, for 1.5M to 12M'],
  [controller('ehci'), 'warning', 'win10: controller 0: ehci, 6 of 6 ports free, for 480M only'],
  [controller('none'), 'failed', 'win10 has no USB controller'],
] as const) {
  test(`a domain's room is told: ${detail}`, () => {
    const domain = parseDomain(`<domain type='kvm' id='3'><devices>${devices}</devices></domain>`);
    assert.ok(domain !== undefined);
    const judged = judgeRoom('win10', guestBusesOf(domain));
    assert.deepEqual([judged.verdict, judged.detail], [verdict, detail]);
    assert.equal(judged.remedy === '', verdict === 'ok');
  });
}
