import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { buildHostdev, parseDomain } from '../../src/core/hostdev.js';

function captured(name: string): string {
  const text = readFileSync(new URL(`../fixtures/virsh/${name}.txt`, import.meta.url), 'utf8');
  return text.slice(text.indexOf('--- stdout\n') + '--- stdout\n'.length, text.indexOf('--- stderr'));
}

test('the XML carries bus and device as decimals without leading zeros, and the mark', () => {
  assert.equal(
    buildHostdev({ busNumber: 1, deviceNumber: 37 }, 'ua-usbhp-1-1_2-37'),
    [
      '<hostdev mode="subsystem" type="usb">',
      '  <source>',
      '    <address bus="1" device="37"/>',
      '  </source>',
      '  <alias name="ua-usbhp-1-1_2-37"/>',
      '</hostdev>',
    ].join('\n'),
  );
});

test('without a mark there is no alias element', () => {
  assert.doesNotMatch(buildHostdev({ busNumber: 1, deviceNumber: 8 }), /alias/);
});

test("a running domain's hostdevs are read from what libvirt printed", () => {
  const controllers = [{ index: 0, model: 'qemu-xhci', ports: 4 }];
  assert.deepEqual(parseDomain(captured('dumpxml-attached')), {
    running: true,
    hostdevs: [{ alias: 'ua-usbhp-1-1-2', address: { busNumber: 1, deviceNumber: 2 }, missing: false }],
    controllers,
    guestPorts: [{ controller: 0, port: '1', hub: false }],
  });
  const without = { hostdevs: [], controllers, guestPorts: [] };
  assert.deepEqual(parseDomain(captured('dumpxml-clean')), { running: true, ...without });
  assert.deepEqual(parseDomain(captured('dumpxml-off')), { running: false, ...without });
});

test('hostdevs that are not USB, or go by vendor and product, are told apart', () => {
  const xml = `<domain type='kvm' id='3'><devices>
    <hostdev mode='subsystem' type='pci'><source><address domain='0' bus='1' slot='2' function='0'/></source><alias name='hostdev0'/></hostdev>
    <hostdev mode='subsystem' type='usb'><source startupPolicy='optional' missing='yes'><vendor id='0x1234'/><product id='0xbeef'/></source><alias name='hostdev1'/></hostdev>
    <hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/><product id='0xbeef'/><address bus='2' device='9'/></source></hostdev>
  </devices></domain>`;
  assert.deepEqual(parseDomain(xml)?.hostdevs, [
    { alias: 'hostdev1', address: undefined, missing: true },
    { alias: '', address: { busNumber: 2, deviceNumber: 9 }, missing: false },
  ]);
});

test('what is no domain is told from a domain without devices', () => {
  for (const text of ['', 'error: x', '<domain', '<network/>', '<domain></network>'])
    assert.equal(parseDomain(text), undefined, text);
  assert.deepEqual(parseDomain('<domain/>'), { running: false, hostdevs: [], controllers: [], guestPorts: [] });
});
