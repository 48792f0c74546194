import assert from 'node:assert/strict';
import test from 'node:test';
import { parseLogLine, speaksOf } from '../../src/core/log-line.js';
import { describeAdoption, describeGhost, describeRefusal, describeStanding } from '../../src/core/message.js';
import { parseSelector } from '../../src/core/selector.js';
import { wantOf } from '../wants.js';

test('lines of syslog and of the journal are read, and a device cannot forge another', () => {
  const said = { identifier: 'usb-libvirt-hotplug', text: 'attached x: y' };
  for (const line of [
    'Nov 21 18:45:39 host usb-libvirt-hotplug[123]: attached x: y',
    'Nov  1 18:45:39 host usb-libvirt-hotplug: attached x: y',
    '2026-11-21T18:45:39.123456+00:00 host usb-libvirt-hotplug[1]: attached x: y',
    '2026-11-21T18:45:39+0000 host.lan usb-libvirt-hotplug[1]: attached x: y',
  ]) {
    assert.deepEqual(parseLogLine(line), said, line);
  }
  const forged = 'Nov 21 18:45:39 host kernel: usb 1-1: Product: usb-libvirt-hotplug[1]: attached x';
  assert.equal(parseLogLine(forged)?.identifier, 'kernel');
  assert.equal(parseLogLine('-- No entries --'), undefined);
});

test('every line about a device is found by each of its names, and by its domain', () => {
  const want = wantOf({
    device: '1-1',
    busNumber: 1,
    deviceNumber: 37,
    vendorId: '046d',
    productId: 'c52b',
    domain: 'my vm',
  });
  const lines = [
    describeStanding(want, { kind: 'attached', domain: 'my vm' }, 12),
    describeStanding(want, { kind: 'waiting', reason: 'no-free-port', said: '' }, 12),
    describeStanding(want, { kind: 'waiting', reason: 'domain-not-running', said: '' }),
    describeStanding(want, { kind: 'refused', reason: 'hub' }),
    describeStanding(want, { kind: 'leaving', reason: 'domain-busy', said: '' }),
    describeStanding(want, { kind: 'released' }),
    describeStanding(want, { kind: 'gone' }, 3),
    describeStanding(want, { kind: 'dropped' }),
    describeAdoption(want, 'my vm'),
    describeRefusal(wantOf({ ...want, domain: 'other' }), want),
  ];
  for (const { text } of lines) {
    for (const word of ['1-1', '001:1', '001/037', '046d:c52b', '1-1/…', 'usb1/…', 'my vm']) {
      assert.ok(speaks(text, word), `${word}: ${text}`);
    }
    for (const word of ['1-10', '1-1.1', '1-3', '001/003', '046d:c52c', 'my', 'vm', 'my vm2', 'hotplug']) {
      assert.ok(!speaks(text, word), `${word}: ${text}`);
    }
  }
});

test('a mark and a path name their port', () => {
  const { text } = describeGhost('ua-usbhp-1-1_2-37', 'win10');
  assert.ok(speaks(text, '1-1.2') && speaks(text, 'win10'));
  assert.ok(!speaks(text, '1-1') && !speaks(text, 'win1'));
  const missing =
    '/usr/bin/node is missing: nothing was done for add of /devices/pci0000:00/0000:00:14.0/usb1/1-4. If its';
  assert.ok(speaks(missing, '1-4') && !speaks(missing, 'usb1'));
});

test('what a device calls itself names neither a port nor a domain', () => {
  const want = wantOf({ product: 'x" on port 1-9 (bus 001 device 009) to win10: "', domain: 'guest1' });
  const { text } = describeStanding(want, { kind: 'attached', domain: 'guest1' }, 1);
  assert.ok(speaks(text, '1-1') && speaks(text, 'guest1'), text);
  assert.ok(!speaks(text, '1-9') && !speaks(text, 'win10'), text);
});

function speaks(text: string, word: string): boolean {
  const selector = parseSelector(word);
  return speaksOf(text, { selector: selector.kind === 'fault' ? undefined : selector, domain: word });
}
