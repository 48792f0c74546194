import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { findRuleMistakes } from '../../src/core/rule-mistakes.js';
import { parseRules } from '../../src/core/rules-text.js';

const hook = '/usr/local/lib/usb-libvirt-hotplug/hook';
const file = '/etc/udev/rules.d/80-vm.rules';
const device = 'SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device"';
const logitech = `${device}, ATTR{idVendor}=="046d", ATTR{idProduct}=="c52b"`;

/** "80-vm.rules:3 it runs …" */
function mistakesIn(text: string): string[] {
  return findRuleMistakes(parseRules(file, text), hook).map(
    ({ where, detail, remedy }) => `${where.slice('/etc/udev/rules.d/'.length)} ${detail} | ${remedy}`,
  );
}

test('continued lines are one rule that begins at the first, and comments are none', () => {
  const text = `# SUBSYSTEM=="usb" \\\n\nSUBSYSTEM=="usb", \\\n# in between \\\n  ATTR{idVendor}=="046d", \\\n  RUN+="${hook} win10"\n\nKERNEL=="x", ENV{A}="a \\"b\\""\n`;
  const rules = parseRules(file, text);
  assert.deepEqual(
    rules.map(({ line, tokens }) => [
      line,
      tokens.map(({ key, attribute, operator, value }) => key + attribute + operator + value),
    ]),
    [
      [3, ['SUBSYSTEM==usb', 'ATTRidVendor==046d', `RUN+=${hook} win10`]],
      [8, ['KERNEL==x', 'ENVA=a \\"b\\"']],
    ],
  );
});

test('the rules of the README, and our own, hold no mistake', () => {
  const readme = readFileSync('README.md', 'utf8');
  const examples = [...readme.matchAll(/^(?:ACTION|SUBSYSTEM)==.*$/gm)].map(([line]) => line);
  assert.ok(examples.length > 3);
  for (const text of [...examples, `${logitech}, RUN+="${hook} 'my vm'"`]) assert.deepEqual(mistakesIn(text), [], text);
  const ours = readFileSync('rules/zz-usb-libvirt-hotplug.rules', 'utf8').replaceAll('@LIB@/hook', hook);
  assert.deepEqual(mistakesIn(ours), []);
});

for (const [text, expected] of [
  [
    `${device}, ACTION=="remove", ATTR{busnum}=="1", RUN+="${hook} win10"`,
    /:1 ATTR\{busnum\} is gone when a device is removed.* \| delete the rule/,
  ],
  [`${device}, ACTION=="remove", ENV{ID_VENDOR_ID}=="046d", RUN+="${hook} win10"`, /:1 ENV\{ID_VENDOR_ID\} is gone/],
  [`SUBSYSTEM=="usb", ENV{ID_VENDOR_ID}=="046d", RUN+="${hook} win10"`, /:1 it runs the hook for every interface/],
  [`SUBSYSTEM=="usb", DEVPATH=="*/usb1/1-4*", RUN+="${hook} win10"`, /:1 it runs the hook for every interface/],
  [`${logitech}, RUN+="/usr/bin/node /opt/x.js"`, /:1 it runs node itself, .*SIGTRAP/],
  [
    `${logitech}, RUN+="/opt/usb-libvirt-hotplug.sh win10"`,
    /:1 it runs the old script, .* \| change \/opt\/usb-libvirt-hotplug\.sh to \/usr\/local\/lib\/usb-libvirt-hotplug\/hook$/,
  ],
  [`${device}, ATTR{serial}=="1", RUN+="${hook} $attr{serial}"`, /:1 udev splits a RUN line after/],
  [`${device}, ATTR{serial}=="1", RUN+="${hook} %E{X}"`, /:1 udev splits a RUN line after/],
  [
    `${logitech}, RUN+="${hook} win10"\n${logitech}, ATTR{serial}=="1", RUN+="${hook} 'my vm'"`,
    /:2 it gives a device to my vm that .*80-vm\.rules:1 gives to win10 \| keep one/,
  ],
  [
    `${logitech}, ENV{USB_LIBVIRT_DOMAIN}="a"\n${logitech}, RUN+="${hook} b"`,
    /:2 it gives a device to b that .*:1 gives to a/,
  ],
  [`${logitech}, RUN+="${hook} win10"\nSUBSYSTEM=="usb", RUN="/bin/true"`, /:2 RUN= drops every program/],
  [`${logitech}, RUN="${hook} win10"`, /:1 RUN= drops every program .* \| write RUN\+=/],
] as const) {
  test(`a mistake is found: ${expected.source}`, () => {
    const [first = '', ...others] = mistakesIn(text);
    assert.match(first, expected);
    assert.deepEqual(others, []);
  });
}

test('what works is let be', () => {
  for (const text of [
    // A removal beside other actions does no harm.
    `${logitech}, ACTION=="add|remove", RUN+="${hook} win10"`,
    `${logitech}, ACTION=="remove", RUN+="/bin/true"`,
    // The whole file is for devices.
    `ENV{DEVTYPE}!="usb_device", GOTO="end"\nENV{ID_VENDOR_ID}=="046d", RUN+="${hook} win10"\nLABEL="end"`,
    // A later rule may change whose it is.
    `${logitech}, ENV{USB_LIBVIRT_DOMAIN}="a"\n${logitech}, ATTR{serial}=="1", ENV{USB_LIBVIRT_DOMAIN}="b"`,
    `${logitech}, RUN+="${hook} a"\n${logitech}, ATTR{serial}=="1", RUN+="${hook} a"`,
    `${logitech}, RUN+="${hook} a"\n${device}, ATTR{idVendor}=="046d", ATTR{idProduct}=="c52c", RUN+="${hook} b"`,
    // Our own rule, which comes later, adds the RUN.
    `${logitech}, ENV{USB_LIBVIRT_DOMAIN}="a"\nSUBSYSTEM=="usb", RUN="/bin/true"`,
    `SUBSYSTEM=="usb", RUN="/bin/true"\n${logitech}, RUN+="${hook} a"`,
    `${logitech}, RUN+="${hook} a"\nSUBSYSTEM=="block", RUN="/bin/true"`,
    `${logitech}, RUN+="/usr/bin/node --jitless /opt/x.js"`,
    `SUBSYSTEM=="usb", KERNEL=="1-4", RUN+="${hook} a"`,
    `SUBSYSTEM=="usb", DEVPATH=="/devices/pci0000:00/0000:00:14.0/usb1/1-4", RUN+="${hook} a"`,
  ]) {
    assert.deepEqual(mistakesIn(text), [], text);
  }
});

test('a RUN= behind our own rules drops what they add', () => {
  const last = parseRules('/etc/udev/rules.d/zzz.rules', 'SUBSYSTEM=="usb", RUN="/bin/true"');
  assert.match(findRuleMistakes(last, hook)[0]?.detail ?? '', /^RUN= drops every program/);
});
