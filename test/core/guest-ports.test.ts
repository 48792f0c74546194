import assert from 'node:assert/strict';
import test from 'node:test';
import { fits, guestBusesOf } from '../../src/core/guest-ports.js';
import { parseDomain } from '../../src/core/hostdev.js';

function busesOf(devices: string) {
  const domain = parseDomain(`<domain id='1'><devices>${devices}</devices></domain>`);
  assert.ok(domain !== undefined);
  return guestBusesOf(domain);
}

const usbAddress = (bus: number, port: string) => `<address type='usb' bus='${bus}' port='${port}'/>`;

test('the ports of a domain are counted by controller, with what is plugged into them', () => {
  assert.deepEqual(
    busesOf(`<controller type='usb' index='0' model='qemu-xhci' ports='15'/>
      <controller type='usb' index='1' model='piix3-uhci'/>
      <controller type='pci' index='0' model='pci-root'/>
      <input type='tablet' bus='usb'>${usbAddress(0, '1')}</input>
      <hostdev type='usb'>${usbAddress(1, '1')}</hostdev><hostdev type='usb'>${usbAddress(1, '2')}</hostdev>`),
    [
      { index: 0, model: 'qemu-xhci', ports: 15, free: 14, slowest: 1.5, fastest: Infinity },
      { index: 1, model: 'piix3-uhci', ports: 2, free: 0, slowest: 1.5, fastest: 12 },
    ],
  );
});

test("a USB 2 controller and its companions are one bus; a guest's hub brings eight ports and takes one", () => {
  const [bus] = busesOf(`<controller type='usb' index='0' model='ich9-uhci1'><master startport='0'/></controller>
    <controller type='usb' index='0' model='ich9-ehci1'/><controller type='usb' index='0' model='ich9-uhci2'/>
    <hub type='usb'>${usbAddress(0, '1')}</hub><hostdev type='usb'>${usbAddress(0, '1.4')}</hostdev>`);
  assert.deepEqual(bus, { index: 0, model: 'ich9-ehci1', ports: 14, free: 12, slowest: 1.5, fastest: 480 });
});

test('a domain without USB has no bus', () => {
  assert.deepEqual(busesOf("<controller type='usb' index='0' model='none'/>"), []);
  assert.deepEqual(busesOf(''), []);
});

test('a device fits where its speed works', () => {
  const rows = [
    ['qemu-xhci', ['1.5', '12', '480', '5000', '20000'], []],
    ['ehci', ['480'], ['1.5', '12', '5000']],
    ['piix3-uhci', ['1.5', '12'], ['480', '5000']],
  ] as const;
  for (const [model, fitting, others] of rows) {
    const [bus] = busesOf(`<controller type='usb' index='0' model='${model}'/>`);
    assert.ok(bus !== undefined);
    assert.deepEqual(
      [...fitting, ...others].filter((speed) => fits(bus, speed)),
      [...fitting],
      model,
    );
    assert.ok(fits(bus, ''));
  }
});
