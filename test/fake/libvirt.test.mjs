import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { URL } from 'node:url';
import { promisify } from 'node:util';
import { installFakeVirsh } from './install.mjs';
import { answer } from './libvirt.mjs';
import { changeState, loadState, readCalls, saveState } from './store.mjs';
import {
  addDomain,
  hostdevsOf,
  newState,
  plugHostDevice,
  startDomain,
  stopDomain,
  unplugHostDevice,
} from './world.mjs';

/** @typedef {import('./world.mjs').State} State */

const place = mkdtempSync(join(tmpdir(), 'fake-virsh-'));
after(() => {
  rmSync(place, { recursive: true });
});

let stores = 0;
/** A new libvirt with this state, and the virsh for it. @param {State} state */
function install(state) {
  const store = join(place, `it's store ${++stores}`);
  const virsh = installFakeVirsh(join(store, 'bin'), store);
  saveState(store, state);
  return { store, virsh };
}

const mark = 'ua-usbhp-1-1-2';
const guestUuid = '36a02b13-6bb5-4cbf-a23b-b8eb134f57e8';

/** @param {{ bus?: number | string, device?: number | string, alias?: string, ids?: [string, string], source?: string }} hostdev */
function hostdevXml({ bus = 1, device = 2, alias, ids, source = '' }) {
  const vendorAndProduct = ids === undefined ? '' : `<vendor id="${ids[0]}"/><product id="${ids[1]}"/>`;
  const address = bus === '' ? '' : `<address bus="${bus}" device="${device}"/>`;
  const aliasElement = alias === undefined ? '' : `\n  <alias name="${alias}"/>`;
  return `<hostdev mode="subsystem" type="usb">\n  <source${source}>${vendorAndProduct}${address}</source>${aliasElement}\n</hostdev>\n`;
}

/** The world in which the captures were made. @param {{ running?: boolean }} [guest] */
function capturedWorld({ running = true } = {}) {
  const state = newState();
  addDomain(state, { name: 'guest1', uuid: guestUuid, running });
  plugHostDevice(state, { bus: 1, device: 2 });
  return state;
}

/** The same with the device attached. */
function attachedWorld() {
  const { state, exitCode } = attach(capturedWorld(), 'guest1', { alias: mark });
  assert.equal(exitCode, 0);
  return state;
}

/** virsh within this process, with one file to read. @param {State} state @param {string[]} args @param {string} [xml] */
function virsh(state, args, xml = '') {
  return answer(state, args, () => xml);
}

/** @param {State} state @param {string} domain @param {Parameters<typeof hostdevXml>[0]} hostdev */
function attach(state, domain, hostdev) {
  return virsh(state, ['attach-device', '--live', '--', domain, 'device.xml'], hostdevXml(hostdev));
}

/** @param {State} state @param {string} domain @param {Parameters<typeof hostdevXml>[0]} hostdev */
function detach(state, domain, hostdev) {
  return virsh(state, ['detach-device', '--live', '--', domain, 'device.xml'], hostdevXml(hostdev));
}

/** @param {State} state @param {(state: State) => void} change */
function changed(state, change) {
  change(state);
  return state;
}

describe('the fake virsh answers as the real one was seen to', () => {
  const unplugged = changed(attachedWorld(), (state) => {
    unplugHostDevice(state, { bus: 1, device: 2 });
  });
  /** @type {Record<string, State>} */
  const worlds = {
    'attach-again-ok': virsh(attachedWorld(), ['detach-device-alias', 'guest1', mark, '--live']).state,
    'attach-device-gone': changed(capturedWorld(), (state) => {
      unplugHostDevice(state, { bus: 1, device: 2 });
    }),
    'attach-domain-off': capturedWorld({ running: false }),
    'attach-in-use': attachedWorld(),
    'attach-ok': capturedWorld(),
    'attach-twice-same-alias': attachedWorld(),
    'detach-after-unplug-ok': unplugged,
    'detach-alias-missing': capturedWorld(),
    'detach-alias-ok': attachedWorld(),
    'detach-not-attached': capturedWorld(),
    'domain-unknown': capturedWorld(),
    'domstate-off': capturedWorld({ running: false }),
    'domstate-running': capturedWorld(),
    'domstate-unknown': capturedWorld(),
    'dumpxml-attached': attachedWorld(),
    'dumpxml-before': capturedWorld(),
    'dumpxml-clean': detach(attachedWorld(), 'guest1', {}).state,
    'dumpxml-off': capturedWorld({ running: false }),
    'dumpxml-stale-after-unplug': unplugged,
    'libvirtd-down': { ...capturedWorld(), libvirtdDown: true },
    'list-all': capturedWorld(),
    'list-uuid-running': capturedWorld(),
    'shutdown-off': capturedWorld(),
  };
  const captures = new URL('../fixtures/virsh/', import.meta.url);
  const notModelled = ['info-usb-attached', 'info-usb-stale-after-unplug'];

  test('every capture is replayed, but those of the QEMU monitor', () => {
    const names = readdirSync(captures).map((file) => file.replace(/\.txt$/, ''));
    assert.deepEqual(names.sort(), [...Object.keys(worlds), ...notModelled].sort());
  });

  for (const [name, state] of Object.entries(worlds)) {
    test(`as in ${name}.txt`, () => {
      const { store, virsh } = install(state);
      writeFileSync(join(store, 'cap1.xml'), hostdevXml({ alias: mark }));
      writeFileSync(join(store, 'cap2.xml'), hostdevXml({ alias: 'ua-another' }));
      const text = readFileSync(new URL(`${name}.txt`, captures), 'utf8').replaceAll('/run/cap', `${store}/cap`);
      const capture =
        /^\$ virsh (?<command>.*)\n--- stdout\n(?<stdout>[^]*)--- stderr\n(?<stderr>[^]*)--- exit (?<exit>\d+)\n$/.exec(
          text,
        )?.groups;
      const args =
        capture?.['command']
          ?.replaceAll(store, '\0')
          .split(' ')
          .map((word) => word.replaceAll('\0', store)) ?? [];
      // virsh leaves out its empty line only with -c; without, and with no daemon, the real one was seen to print it.
      const run = spawnSync(virsh, name === 'libvirtd-down' ? ['-c', 'qemu:///system', ...args] : args, {
        encoding: 'utf8',
        env: {},
      });
      assert.deepEqual(
        { stdout: run.stdout, stderr: run.stderr, exit: String(run.status) },
        { stdout: capture?.['stdout'], stderr: capture?.['stderr'], exit: capture?.['exit'] },
      );
    });
  }
});

describe('what was measured of virsh 9.0 besides', () => {
  const state = newState();
  addDomain(state, { name: 'guest1', uuid: guestUuid });
  addDomain(state, { name: 'a name of words', uuid: '36a02b13-6bb5-4cbf-a23b-b8eb134f57e9' });
  addDomain(state, { name: '4', uuid: '36a02b13-6bb5-4cbf-a23b-b8eb134f57eb', running: false });
  addDomain(state, { name: 'Zoff', uuid: '06a02b13-6bb5-4cbf-a23b-b8eb134f57ed', running: false });
  addDomain(state, { name: '1', uuid: '36a02b13-6bb5-4cbf-a23b-b8eb134f57ec', running: false });

  /** @type {[string[], { stdout?: string, stderr?: string }][]} */
  const rows = [
    [
      ['list', '--all'],
      {
        stdout:
          ' Id   Name              State\n----------------------------------\n' +
          ' 1    guest1            running\n 2    a name of words   running\n' +
          ' -    1                 shut off\n -    4                 shut off\n -    Zoff              shut off\n\n',
      },
    ],
    [['-q', 'list'], { stdout: ' 1   guest1            running\n 2   a name of words   running\n' }],
    [
      ['-q', 'list', '--all', '--uuid', '--name'],
      {
        stdout:
          '36a02b13-6bb5-4cbf-a23b-b8eb134f57e8 guest1\n36a02b13-6bb5-4cbf-a23b-b8eb134f57e9 a name of words\n' +
          '36a02b13-6bb5-4cbf-a23b-b8eb134f57ec 1\n36a02b13-6bb5-4cbf-a23b-b8eb134f57eb 4\n06a02b13-6bb5-4cbf-a23b-b8eb134f57ed Zoff\n',
      },
    ],
    [['list', '--inactive', '--name'], { stdout: '1\n4\nZoff\n\n' }],
    [['list', '--state-shutoff', '--name'], { stdout: '1\n4\nZoff\n\n' }],
    [['list', '--all', '--state-running', '--name'], { stdout: 'guest1\na name of words\n\n' }],
    [['list', '--state-paused', '--name'], { stdout: '\n' }],
    [['domstate', guestUuid.toUpperCase()], { stdout: 'running\n\n' }],
    [['domstate', '--domain=guest1'], { stdout: 'running\n\n' }],
    [['domuuid', '1'], { stdout: `${guestUuid}\n\n` }],
    [['domuuid', '01'], { stdout: `${guestUuid}\n\n` }],
    [['domuuid', guestUuid], { stdout: '\n', stderr: `error: failed to get domain '${guestUuid}'\n` }],
    [['start', '1'], { stdout: "Domain '1' started\n\n" }],
    [['-q', 'start', 'Zoff'], { stdout: '' }],
    [['start', 'guest1'], { stdout: '\n', stderr: 'error: Domain is already active\n' }],
    [
      ['destroy', 'Zoff'],
      {
        stdout: '\n',
        stderr:
          "error: Failed to destroy domain 'Zoff'\nerror: Requested operation is not valid: domain is not running\n",
      },
    ],
    [['-q', 'domstate', 'nosuch'], { stderr: "error: failed to get domain 'nosuch'\n" }],
    [['domstate', ''], { stdout: '\n', stderr: "error: Failed to get option 'domain': Option argument is empty\n" }],
    [['bogus'], { stderr: "error: unknown command: 'bogus'\n" }],
    [['list', '--bogus'], { stderr: "error: command 'list' doesn't support option --bogus\n" }],
    [['list', '--all=x'], { stderr: "error: invalid '=' after option --all\n" }],
    [['list', '--', '--all'], { stderr: "error: unexpected data '--all'\n" }],
    [['domstate', 'guest1', '--domain', 'guest1'], { stderr: 'error: option --domain already seen\n' }],
    [['domuuid', '--domain'], { stderr: 'error: expected syntax: --domain <string>\n' }],
    [
      ['attach-device', '--live'],
      {
        stderr:
          "error: command 'attach-device' requires <domain> option\nerror: command 'attach-device' requires <file> option\n",
      },
    ],
    [['-x', 'list'], { stderr: "error: unsupported option '-x'. See --help.\n" }],
    [['-c'], { stderr: "error: option '-c'/'--connect' requires an argument\n" }],
    [
      ['--connect', 'foo:///x', 'list'],
      { stderr: 'error: failed to connect to the hypervisor\nerror: no connection driver available for foo:///x\n' },
    ],
  ];
  for (const [args, { stdout = '', stderr = '' }] of rows) {
    test(`virsh ${args.join(' ')}`, () => {
      const answered = virsh(state, args);
      assert.deepEqual(
        { stdout: answered.stdout, stderr: answered.stderr, exitCode: answered.exitCode },
        { stdout, stderr, exitCode: stderr === '' ? 0 : 1 },
      );
    });
  }

  /** @type {[string, string, string][]} */
  const documents = [
    [
      'a number with a leading zero is octal',
      hostdevXml({ bus: '010' }),
      'internal error: Did not find USB device bus:8 device:2',
    ],
    [
      '008 is no number',
      hostdevXml({ device: '008' }),
      "XML error: Invalid value for attribute 'device' in element 'address': '008'. Expected non-negative integer value",
    ],
    [
      'ids need their 0x',
      hostdevXml({ ids: ['c52b', '0x1'] }),
      "XML error: Invalid value for attribute 'id' in element 'vendor': 'c52b'. Expected non-negative integer value",
    ],
    [
      'a vendor wants a product',
      hostdevXml({}).replace('<address', '<vendor id="0x1"/><address'),
      'internal error: missing product',
    ],
    [
      'an entity stands for its character',
      hostdevXml({ device: '&#x33;&#49;' }),
      'internal error: Did not find USB device bus:1 device:31',
    ],
    [
      'a vendor and product that are not there',
      hostdevXml({ bus: '', ids: ['0x46d', '0xc52b'] }),
      'internal error: Did not find USB device 046d:c52b',
    ],
    [
      'a policy that there is not',
      hostdevXml({ source: ' startupPolicy="bad"' }),
      "XML error: Invalid value for attribute 'startupPolicy' in element 'source': 'bad'.",
    ],
    [
      'no device is named',
      hostdevXml({ bus: '' }),
      'XML error: the fake libvirt knows no such thing, or not twice: a hostdev that names no device',
    ],
    ['no source', '<hostdev mode="subsystem" type="usb"/>', 'XML error: Missing <source> element in hostdev device'],
    ['another kind of device', '<disk/>', "unsupported configuration: unknown device type 'disk'"],
    [
      'an element that nobody foresaw',
      hostdevXml({}).replace('</source>', '</source><boot order="1"/>'),
      'XML error: the fake libvirt knows no such thing, or not twice: hostdev boot',
    ],
    [
      'half a document',
      '<hostdev mode="subsystem" type="usb"><source>',
      '(device_definition):1: not well-formed (the fake libvirt does not say where)',
    ],
  ];
  for (const [title, xml, reason] of documents) {
    test(`attached is refused: ${title}`, () => {
      const { stdout, stderr } = virsh(state, ['-q', 'attach-device', 'guest1', 'x.xml', '--live'], xml);
      assert.deepEqual(
        { stdout, stderr },
        { stdout: '', stderr: `error: Failed to attach device from x.xml\nerror: ${reason}\n` },
      );
    });
  }
});

describe('the pitfalls', () => {
  test('a domain whose name is a number is taken for the domain with that id', () => {
    const state = newState();
    for (const name of ['first', 'second', '1']) addDomain(state, { name, running: name !== '1' });
    plugHostDevice(state, { bus: 1, device: 2 });
    const { state: after } = attach(state, '1', {});
    assert.equal(hostdevsOf(after, 'first').length, 1);
  });

  test('an alias that libvirt does not like is dropped, and it makes up its own', () => {
    for (const alias of ['ua-1-1.2', 'usbhp-1-1']) {
      const { state, exitCode } = attach(capturedWorld(), 'guest1', { alias });
      assert.equal(exitCode, 0);
      assert.deepEqual(
        hostdevsOf(state, 'guest1').map((hostdev) => hostdev.alias),
        ['hostdev0'],
      );
    }
  });

  test('an unplug leaves the live XML as it is, and the stale hostdev bars a newcomer with the same number', () => {
    const state = attachedWorld();
    unplugHostDevice(state, { bus: 1, device: 2 });
    plugHostDevice(state, { bus: 1, device: 2, vendorId: '046d', productId: 'c52b' });
    assert.match(virsh(state, ['dumpxml', '--', 'guest1']).stdout, new RegExp(mark));
    assert.match(attach(state, 'guest1', {}).stderr, /is in use by driver QEMU, domain guest1/);
  });

  test('a device in one domain is refused to another', () => {
    const state = attachedWorld();
    addDomain(state, { name: 'guest2' });
    assert.match(attach(state, 'guest2', {}).stderr, /USB device 001:002 is in use by driver QEMU, domain guest1/);
  });

  test('the fifth device finds no port, and the lowest port that is free again is given out first', () => {
    let state = capturedWorld();
    for (const device of [3, 4, 5, 6]) plugHostDevice(state, { bus: 1, device });
    for (const device of [2, 3, 4, 5]) state = attach(state, 'guest1', { device }).state;
    assert.match(attach(state, 'guest1', { device: 6 }).stderr, /error: internal error: No free USB ports\n/);
    state = detach(state, 'guest1', { device: 3 }).state;
    state = attach(state, 'guest1', { device: 6 }).state;
    assert.deepEqual(
      hostdevsOf(state, 'guest1').map(({ device, guestPort }) => [device, guestPort]),
      [
        [2, 1],
        [4, 3],
        [5, 4],
        [6, 2],
      ],
    );
  });

  test('a detach by vendor and product takes the first that is alike', () => {
    let state = capturedWorld();
    for (const device of [3, 2]) {
      plugHostDevice(state, { bus: 1, device });
      state = attach(state, 'guest1', { device, ids: ['0x0627', '0x0001'] }).state;
    }
    state = detach(state, 'guest1', { bus: '', ids: ['0x627', '1'] }).state;
    assert.deepEqual(
      hostdevsOf(state, 'guest1').map(({ device }) => device),
      [2],
    );
  });

  test('several devices alike cannot be attached by vendor and product', () => {
    const state = capturedWorld();
    plugHostDevice(state, { bus: 1, device: 3 });
    assert.match(
      attach(state, 'guest1', { bus: '', ids: ['0x0627', '0x0001'] }).stderr,
      /Multiple USB devices for 627:1, use <address> to specify one/,
    );
  });

  test('an optional device that is not there is attached as missing, with success', () => {
    const { state, exitCode } = attach(capturedWorld(), 'guest1', { device: 9, source: ' startupPolicy="optional"' });
    assert.equal(exitCode, 0);
    assert.match(
      virsh(state, ['dumpxml', 'guest1']).stdout,
      /<source startupPolicy='optional' missing='yes'>\n {8}<address bus='1' device='9'\/>/,
    );
  });

  test('a stopped domain keeps the hostdevs of its inactive definition only', () => {
    const state = newState();
    for (const device of [2, 3]) plugHostDevice(state, { bus: 1, device });
    addDomain(state, { name: 'guest1', hostdevXmls: [hostdevXml({ device: 3 })] });
    const { state: after } = attach(state, 'guest1', { alias: mark });
    assert.deepEqual(
      hostdevsOf(after, 'guest1').map(({ alias }) => alias),
      ['hostdev0', mark],
    );
    stopDomain(after, 'guest1');
    assert.deepEqual(hostdevsOf(after, 'guest1'), []);
    startDomain(after, 'guest1');
    assert.deepEqual(
      hostdevsOf(after, 'guest1').map(({ device }) => device),
      [3],
    );
  });

  test('a domain does not start without the devices of its definition', () => {
    const state = newState();
    addDomain(state, { name: 'guest1', running: false, hostdevXmls: [hostdevXml({})] });
    const { stderr, state: after } = virsh(state, ['start', 'guest1']);
    assert.equal(
      stderr,
      "error: Failed to start domain 'guest1'\nerror: internal error: Did not find USB device bus:1 device:2\n",
    );
    assert.equal(after.domains[0]?.state, 'shut off');
  });

  test('a domain that is undefined while it runs is gone when it stops', () => {
    let { state, stdout } = virsh(attachedWorld(), ['undefine', 'guest1']);
    assert.equal(stdout, "Domain 'guest1' has been undefined\n\n");
    assert.match(virsh(state, ['list', '--name']).stdout, /guest1/);
    ({ state } = virsh(state, ['destroy', 'guest1']));
    assert.doesNotMatch(virsh(state, ['list', '--all', '--name']).stdout, /guest1/);
  });

  test('a saved domain brings its hostdevs back by their old numbers, whatever has them now', () => {
    let { state, stdout } = virsh(attachedWorld(), ['save', 'guest1', 'guest1.save']);
    assert.equal(stdout, "\nDomain 'guest1' saved to guest1.save\n\n");
    unplugHostDevice(state, { bus: 1, device: 2 });
    assert.match(
      virsh(state, ['restore', 'guest1.save']).stderr,
      /Failed to restore domain from guest1.save\nerror: internal error: Did not find USB device bus:1 device:2/,
    );
    plugHostDevice(state, { bus: 1, device: 2, vendorId: '093a', productId: '2510' });
    ({ state, stdout } = virsh(state, ['restore', 'guest1.save']));
    assert.equal(stdout, 'Domain restored from guest1.save\n\n');
    assert.deepEqual(
      hostdevsOf(state, 'guest1').map(({ bus, device, alias }) => [bus, device, alias]),
      [[1, 2, mark]],
    );
  });

  test('a managed save is restored by the next start, and once only; with it no domain is undefined', () => {
    let { state, stdout } = virsh(attachedWorld(), ['managedsave', 'guest1']);
    assert.equal(stdout, "\nDomain 'guest1' state saved by libvirt\n\n");
    assert.equal(
      virsh(state, ['-q', 'undefine', 'guest1']).stderr,
      'error: Refusing to undefine while domain managed save image exists\n',
    );
    for (const expected of [1, 0]) {
      ({ state } = virsh(state, ['start', 'guest1']));
      assert.equal(hostdevsOf(state, 'guest1').length, expected);
      ({ state } = virsh(state, ['destroy', 'guest1']));
    }
  });

  test('what is optional and names no device is missing at a restore, and can be detached', () => {
    let { state } = virsh(attachedWorld(), ['managedsave', 'guest1']);
    startDomain(state, 'guest1', (saved) =>
      saved.map((hostdev) => ({ ...hostdev, bus: 0, device: 0, startupPolicy: 'optional' })),
    );
    assert.match(virsh(state, ['dumpxml', 'guest1']).stdout, /<source startupPolicy='optional' missing='yes'>/);
    ({ state } = virsh(state, ['detach-device-alias', 'guest1', mark, '--live']));
    assert.deepEqual(hostdevsOf(state, 'guest1'), []);
  });

  test('names are escaped in the XML', () => {
    const state = newState();
    addDomain(state, {
      name: "R&D <'1'>",
      extraDevicesXml: "<disk type='block'>\n  <source dev='/dev/sda'/>\n</disk>\n",
    });
    const xml = virsh(state, ['dumpxml', "R&D <'1'>"]).stdout;
    assert.match(xml, /<name>R&amp;D &lt;&apos;1&apos;&gt;<\/name>/);
    assert.match(xml, /\n {4}<disk type='block'>\n {6}<source dev='\/dev\/sda'\/>\n {4}<\/disk>\n {4}<controller/);
  });

  test('without --live the fake knows no attach', () => {
    assert.equal(
      virsh(capturedWorld(), ['attach-device', 'guest1', 'x.xml']).stderr,
      "error: the fake virsh knows 'attach-device' with --live only\n",
    );
  });
});

describe('the failures a test can order', () => {
  /** @param {State} state @param {import('./world.mjs').Fault} fault */
  function withFault(state, fault) {
    state.faults.push(fault);
    return state;
  }

  test('a refusal strikes the calls it matches, as often as it was told, and changes nothing', () => {
    let state = withFault(capturedWorld(), { match: 'attach-device guest1', times: 2, stderr: 'error: no\n' });
    assert.equal(virsh(state, ['domstate', 'guest1']).exitCode, 0);
    const answers = [1, 2, 3].map(() => {
      const { state: after, stdout, stderr, exitCode } = attach(state, 'guest1', {});
      state = after;
      return [stdout, stderr, exitCode, hostdevsOf(state, 'guest1').length];
    });
    assert.deepEqual(answers, [
      ['', 'error: no\n', 1, 0],
      ['', 'error: no\n', 1, 0],
      ['Device attached successfully\n\n', '', 0, 1],
    ]);
    assert.deepEqual(state.faults, []);
  });

  test('an attach can be done and its answer lost', () => {
    const { state, ...lost } = attach(
      withFault(capturedWorld(), { match: 'attach-device', afterEffect: true, exit141: true }),
      'guest1',
      {},
    );
    assert.deepEqual(lost, { stdout: '', stderr: '', exitCode: 141, hangMs: 0, killed: false });
    assert.equal(hostdevsOf(state, 'guest1').length, 1);
  });

  test('a detach can say yes and do nothing', () => {
    const { state, stdout } = detach(
      withFault(attachedWorld(), { match: 'detach-device', silentDetach: true }),
      'guest1',
      {},
    );
    assert.equal(stdout, 'Device detached successfully\n\n');
    assert.equal(hostdevsOf(state, 'guest1').length, 1);
  });

  test('a detach can show its effect only some live XMLs later', () => {
    let { state } = virsh(withFault(attachedWorld(), { match: 'detach-device-alias', silentDetach: 2 }), [
      'detach-device-alias',
      'guest1',
      mark,
      '--live',
    ]);
    const seen = [1, 2, 3].map(() => {
      const { state: after, stdout } = virsh(state, ['dumpxml', 'guest1']);
      state = after;
      return stdout.includes(mark);
    });
    assert.deepEqual(seen, [true, true, false]);
  });

  test('a busy domain times out', () => {
    const { stdout, stderr } = attach(
      withFault(capturedWorld(), { match: '', jobLock: true, hangMs: 30_000 }),
      'guest1',
      {},
    );
    assert.equal(stdout, '\n');
    assert.equal(
      stderr,
      'error: Failed to attach device from device.xml\n' +
        'error: Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainAttachDevice)\n',
    );
  });

  test('libvirtd can be down for a while', () => {
    const { state, exitCode } = virsh(withFault(capturedWorld(), { match: '', libvirtdDown: true }), [
      'domstate',
      'guest1',
    ]);
    assert.equal(exitCode, 1);
    assert.equal(virsh(state, ['domstate', 'guest1']).exitCode, 0);
  });

  test('a virsh that hangs holds up no other, and has done its work', async () => {
    const { store, virsh } = install(withFault(attachedWorld(), { match: 'detach-device-alias', hangMs: 60_000 }));
    const hanging = execFile(virsh, ['detach-device-alias', 'guest1', mark, '--live']);
    while (readCalls(store).length === 0) await sleep(10);
    assert.doesNotMatch(execFileSync(virsh, ['dumpxml', 'guest1'], { encoding: 'utf8' }), new RegExp(mark));
    assert.equal(hanging.exitCode, null);
    hanging.kill();
  });

  test('a virsh that is killed has done its work first', () => {
    const { store, virsh } = install(withFault(capturedWorld(), { match: 'destroy', afterEffect: true, killed: true }));
    assert.equal(spawnSync(virsh, ['destroy', 'guest1']).signal, 'SIGKILL');
    assert.equal(loadState(store).domains[0]?.state, 'shut off');
  });
});

describe('the program', () => {
  test('a file that cannot be read is refused as virsh refuses it', () => {
    const { store, virsh } = install(capturedWorld());
    /** @type {[string, string][]} */
    const files = [
      ['/dev/stdin', "Failed to open file '/dev/stdin': No such device or address"],
      [join(store, 'none'), `Failed to open file '${join(store, 'none')}': No such file or directory`],
      [store, `Failed to read file '${store}': Is a directory`],
    ];
    for (const [file, reason] of files) {
      const run = spawnSync(virsh, ['attach-device', 'guest1', file, '--live'], {
        encoding: 'utf8',
        input: hostdevXml({}),
      });
      assert.deepEqual([run.stdout, run.stderr, run.status], ['\n', `error: ${reason}\n`, 1]);
    }
  });

  test('sixteen at once all take effect, and every one is in the log', async () => {
    const state = newState();
    addDomain(state, { name: 'guest1', usbPorts: 16 });
    const { store, virsh } = install(state);
    const devices = Array.from({ length: 16 }, (_, index) => index + 1);
    changeState(store, (stored) => {
      for (const device of devices) plugHostDevice(stored, { bus: 1, device });
    });
    await Promise.all(
      devices.map((device) => {
        const file = join(store, `${device}.xml`);
        writeFileSync(file, hostdevXml({ device }));
        return promisify(execFile)(virsh, ['attach-device', '--live', 'guest1', file]);
      }),
    );
    assert.equal(hostdevsOf(loadState(store), 'guest1').length, 16);
    assert.deepEqual(
      readCalls(store).map(({ args, exitCode }) => [args.length, exitCode]),
      devices.map(() => [4, 0]),
    );
  });

  test('the lock of one that died is taken over', () => {
    const { store, virsh } = install(capturedWorld());
    const { pid } = spawnSync(process.execPath, ['--version']);
    symlinkSync(String(pid), join(store, 'lock'));
    assert.equal(execFileSync(virsh, ['domstate', 'guest1'], { encoding: 'utf8' }), 'running\n\n');
  });
});
