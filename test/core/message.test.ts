import assert from 'node:assert/strict';
import test from 'node:test';
import { describeRefusal, describeStanding, printable } from '../../src/core/message.js';
import { wantOf } from '../wants.js';

const keyboard = '0627:0001 "QEMU USB Keyboard" on port 1-1 (bus 001 device 002)';

test('each outcome is one line that names device, domain, result and time', () => {
  const rows: [Parameters<typeof describeStanding>[1], string, string][] = [
    [{ kind: 'attached', domain: 'win10' }, 'info', `attached ${keyboard} to win10 in 412 ms`],
    [{ kind: 'gone' }, 'info', `detached ${keyboard} from guest1 in 412 ms: it was unplugged`],
    [{ kind: 'dropped' }, 'info', `dropped ${keyboard} for guest1: it was unplugged, and no domain held it`],
    [
      { kind: 'waiting', reason: 'domain-not-running', said: '' },
      'notice',
      `waiting ${keyboard} for guest1 after 412 ms: the domain is not running; it will be attached when the domain starts`,
    ],
    [
      { kind: 'waiting', reason: 'unexplained', said: 'Failed\nto attach' },
      'warning',
      `waiting ${keyboard} for guest1 after 412 ms: virsh could not attach it (virsh: Failed\\x0ato attach)`,
    ],
    [
      { kind: 'leaving', reason: 'hypervisor-unreachable', said: '' },
      'warning',
      `leaving ${keyboard} from guest1 after 412 ms: libvirt does not answer at qemu:///system; it will be detached when libvirtd (or virtqemud) runs again`,
    ],
    [
      { kind: 'refused', reason: 'hub' },
      'warning',
      `refused ${keyboard} for guest1 after 412 ms: it is a hub, which libvirt cannot hand over; name the devices behind it`,
    ],
  ];
  for (const [standing, severity, text] of rows)
    assert.deepEqual(describeStanding(wantOf({}), standing, 412.4), { severity, text });
});

test('a clock that was set back makes no negative time', () => {
  assert.match(describeStanding(wantOf({}), { kind: 'gone' }, -5000).text, / in 0 ms/);
});

test('the second rule for a device is told whose it is', () => {
  assert.equal(
    describeRefusal(wantOf({ product: '', domain: 'b' }), wantOf({ domain: 'a' })).text,
    'refused 0627:0001 on port 1-1 (bus 001 device 002) for b: a rule gave it to a in the same event; keep one of the two rules',
  );
  assert.equal(
    describeRefusal(wantOf({ product: '', domain: 'b' }), wantOf({ domain: 'a', seqnum: 0 })).text,
    'refused 0627:0001 on port 1-1 (bus 001 device 002) for b: a person gave it to a, where it stays until it is replugged or given again',
  );
});

test('no character of a device can begin a new line or move the cursor', () => {
  assert.equal(
    printable('a\nb\rc\u001b[2J\u0000\u007f\u0085\u2028ü"'),
    'a\\x0ab\\x0dc\\x1b[2J\\x00\\x7f\\x85\\u2028ü"',
  );
});
