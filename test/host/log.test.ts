import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { listenAsSyslog } from '../syslog.js';
import { openLog, type LogOptions } from '../../src/host/log.js';

const longMs = 20_000;

test('without a syslog the lines go to stderr, in order, and closing does not hang', async (context) => {
  const { log, printed } = openTestLog(context);
  log.write({ severity: 'info', text: 'one' });
  log.write({ severity: 'warning', text: 'two' });
  const startedMs = performance.now();
  await log.close();
  assert.ok(performance.now() - startedMs < longMs);
  assert.deepEqual(printed, ['usb-libvirt-hotplug: one', 'usb-libvirt-hotplug: two']);
});

test('under systemd the severity goes before the line', async (context) => {
  const { log, printed } = openTestLog(context, { journal: true });
  log.write({ severity: 'warning', text: 'one' });
  await log.close();
  assert.deepEqual(printed, ['<4>one']);
});

test('a plain file where the socket should be is no syslog', async (context) => {
  const { log, printed, socketPath } = openTestLog(context);
  writeFileSync(socketPath, '');
  log.write({ severity: 'info', text: 'one' });
  await log.close();
  assert.deepEqual(printed, ['usb-libvirt-hotplug: one']);
});

test('a syslog that has died leaves its socket behind, and the lines go to stderr', async (context) => {
  const { log, printed, listen } = openTestLog(context);
  listen().stop();
  log.write({ severity: 'info', text: 'one' });
  log.write({ severity: 'info', text: 'two' });
  await log.close();
  assert.deepEqual(printed, ['usb-libvirt-hotplug: one', 'usb-libvirt-hotplug: two']);
});

test('a line that is written after others were sent is sent too', async (context) => {
  const { log, printed, listen } = openTestLog(context);
  const { received } = listen();
  log.write({ severity: 'info', text: 'one' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  log.write({ severity: 'info', text: 'two' });
  await log.close();
  await waitFor(() => received.length === 2);
  assert.deepEqual(printed, []);
});

test('of a burst of 3,000 lines none is lost, though the reader is slow and closing is bounded', async (context) => {
  const { log, printed, listen } = openTestLog(context);
  const { received } = listen();
  for (let index = 0; index < 3000; index += 1) log.write({ severity: 'info', text: `line ${index}` });
  await log.close();
  await waitFor(() => received.length + printed.length === 3000);
  const numbers = [...received, ...printed]
    .map((line) => Number(/line (\d+)$/.exec(line)?.[1]))
    .sort((one, other) => one - other);
  assert.deepEqual(numbers, [...Array(3000).keys()]);
});

test('a line break in a line is shown, not sent', async (context) => {
  const { log, listen } = openTestLog(context);
  const { received } = listen();
  log.write({ severity: 'info', text: 'one\n<27>Jan  1 00:00:00 sshd[1]: forged' });
  await log.close();
  await waitFor(() => received.length === 1);
  assert.match(
    received[0] ?? '',
    /^<30>.* usb-libvirt-hotplug\[\d+\]: one\\x0a<27>Jan {2}1 00:00:00 sshd\[1\]: forged$/,
  );
});

test('debug lines are for --verbose only', async (context) => {
  for (const verbose of [false, true]) {
    const { log, printed } = openTestLog(context, { verbose });
    log.write({ severity: 'debug', text: 'detail' });
    await log.close();
    assert.equal(printed.length, verbose ? 1 : 0);
  }
});

test('on a terminal the lines are printed as they are, and syslog gets none', async (context) => {
  const { log, printed, listen } = openTestLog(context, { terminal: () => true });
  const { received } = listen();
  log.write({ severity: 'info', text: 'one' });
  await log.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual([printed, received], [['one'], []]);
});

function openTestLog(context: TestContext, change: Partial<LogOptions> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'usb-hotplug-log-'));
  context.after(() => {
    rmSync(directory, { recursive: true });
  });
  const socketPath = join(directory, 'log');
  const printed: string[] = [];
  const log = openLog({
    path: '/usr/bin:/bin',
    verbose: false,
    terminal: () => false,
    syslogSocket: socketPath,
    journal: false,
    print: (line) => printed.push(line),
    ...change,
  });

  /** A syslog daemon, until it is stopped. */
  function listen() {
    const syslog = listenAsSyslog(socketPath);
    context.after(syslog.stop);
    return syslog;
  }

  return { log, printed, socketPath, listen };
}

async function waitFor(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + longMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error('not in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
