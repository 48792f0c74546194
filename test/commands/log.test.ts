import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { ended, openBox, until } from '../box.js';

const stamp = '2026-11-21T18:45:39+0000 host';
const keyboard = `${stamp} usb-libvirt-hotplug[9]: attached 0627:0001 "QEMU USB Keyboard" on port 1-1 (bus 001 device 002) to win10 in 12 ms\n`;
const mouse = `${stamp} usb-libvirt-hotplug[9]: attached 0627:0001 "QEMU USB Mouse" on port 1-10 (bus 001 device 003) to guest1 in 12 ms\n`;
const printed = `${stamp} node[10]: Warning of the service's own\n`;
const others = `${stamp} kernel: usb 1-1: new high-speed USB device\n`;

/** A host with a journal, or with a file of syslog's. */
function openHost(context: TestContext, { journal, file }: { journal?: string; file?: string }) {
  const box = openBox(context);
  const syslog = `${box.directory}/syslog`;
  if (journal !== undefined) {
    mkdirSync(`${box.directory}/journal/machine`, { recursive: true });
    writeFileSync(`${box.directory}/journal/machine/system.journal`, journal);
  }
  if (file !== undefined) writeFileSync(syslog, file);
  return { ...box, syslog };
}

test('our lines are shown from the journal, the ones that the service printed too', async (context) => {
  const box = openHost(context, { journal: keyboard + printed + mouse, file: others });
  const { exitCode, stdout, stderr } = await box.cli(['log']);
  assert.deepEqual([exitCode, stdout, stderr], [0, keyboard + printed + mouse, '']);
  assert.equal(
    readFileSync(`${box.directory}/journal.calls`, 'utf8'),
    '--no-pager --output=short-iso SYSLOG_IDENTIFIER=usb-libvirt-hotplug + _SYSTEMD_UNIT=usb-libvirt-hotplug.service\n',
  );
});

test('a device or a domain picks its lines, and 1-1 is not 1-10', async (context) => {
  const box = openHost(context, { journal: keyboard + printed + mouse });
  for (const [word, lines] of [
    ['1-1', keyboard],
    ['001/003', mouse],
    ['0627:0001', keyboard + mouse],
    ['win10', keyboard],
    ['win1', ''],
  ] as const) {
    assert.equal((await box.cli(['log', word])).stdout, lines, word);
  }
  const serial = await box.cli(['log', 'serial:ABC']);
  assert.equal(serial.exitCode, 2);
  assert.match(serial.stderr, /the log holds no serial numbers; name the device by its port or ids/);
});

test('without a journal they are picked from syslog, yesterday first', async (context) => {
  const box = openHost(context, { file: others + mouse });
  writeFileSync(`${box.syslog}.1`, keyboard + others);
  assert.equal((await box.cli(['log'])).stdout, keyboard + mouse);
});

for (const where of ['journal', 'file'] as const) {
  test(`new lines are followed in the ${where}, and Ctrl-C ends it cleanly`, async (context) => {
    const box = openHost(context, { [where]: keyboard });
    const path = where === 'journal' ? `${box.directory}/journal/machine/system.journal` : box.syslog;
    const following = box.start(['log', '-f', 'guest1']);
    let seen = '';
    following.stdout.on('data', (chunk) => (seen += String(chunk)));
    const end = ended(following);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    appendFileSync(path, keyboard + mouse);
    await until('the new line', () => seen === mouse, 20_000);
    following.kill('SIGINT');
    const { exitCode, stderr } = await end;
    assert.deepEqual([exitCode, stderr], [0, '']);
  });
}

test('a host that keeps no log says so, and one that may not be read tells what helps', async (context) => {
  const box = openHost(context, {});
  const none = await box.cli(['log']);
  assert.equal(none.exitCode, 1);
  assert.match(none.stderr, /there is neither a journal nor .*; start journald or rsyslog$/m);

  writeFileSync(`${box.directory}/bin/tail`, '#!/bin/sh\necho "tail: cannot open: Permission denied" >&2\nexit 1\n');
  chmodSync(`${box.directory}/bin/tail`, 0o755);
  writeFileSync(box.syslog, keyboard);
  const denied = await box.cli(['log']);
  assert.equal(denied.exitCode, 1);
  assert.match(denied.stderr, /^tail: cannot open: Permission denied\n.*could not be read/);
});
