import assert from 'node:assert/strict';
import test from 'node:test';
import type { PluggedDevice } from '../../src/core/device.js';
import type { Hostdev } from '../../src/core/hostdev.js';
import { plan, type Domain, type Hypervisor } from '../../src/core/plan.js';
import type { Want } from '../../src/core/want.js';
import { deviceOf, wantOf } from '../wants.js';

const uri = 'qemu:///system';
const keyboard = deviceOf({});
const wanted = wantOf({});

interface Row {
  readonly title: string;
  readonly wants?: Want[];
  /** Whether their records are of an earlier plug. */
  readonly replugged?: boolean;
  readonly plugged?: PluggedDevice[];
  /** Of guest1, which runs, and guest2, which is off, unless said otherwise. */
  readonly guest1?: Domain['live'];
  readonly guest2?: Domain['live'];
  readonly hypervisor?: Hypervisor;
  /** "verb domain alias" each; adoptions too. */
  readonly actions?: string[];
  readonly standing?: string;
}

const marked: Hostdev = { alias: 'ua-usbhp-1-1-2', address: { busNumber: 1, deviceNumber: 2 }, missing: false };
const unmarked: Hostdev = { ...marked, alias: 'hostdev0' };

const off: Domain['live'] = { kind: 'off' };

const rows: Row[] = [
  { title: 'a wanted device goes to its running domain', actions: ['attach guest1 ua-usbhp-1-1-2'] },
  { title: 'what is attached stays', guest1: holding(marked), standing: 'attached' },
  { title: 'what is attached without our mark counts as attached', guest1: holding(unmarked), standing: 'attached' },
  {
    title: 'what a domain holds of an earlier plug under the same number leaves first',
    replugged: true,
    guest1: holding(marked),
    actions: ['detach guest1 ua-usbhp-1-1-2'],
  },
  {
    title: 'a new plug under the same number is attached when nothing of the earlier one is held',
    replugged: true,
    actions: ['attach guest1 ua-usbhp-1-1-2'],
  },
  {
    title: 'a want of an earlier plug under the same number is a want of a device that is gone',
    plugged: [deviceOf({ plugId: '19055' })],
    guest1: holding(marked),
    actions: ['detach guest1 ua-usbhp-1-1-2'],
  },
  { title: 'a domain that is off is waited for', guest1: { kind: 'off' }, standing: 'waiting domain-not-running' },
  {
    title: 'a domain that nobody defined is waited for',
    wants: [wantOf({ domain: 'nosuch' })],
    standing: 'waiting domain-unknown',
  },
  {
    title: 'a domain may be named by its UUID',
    wants: [wantOf({ domain: '11111111-1111-1111-1111-111111111111' })],
    actions: ['attach guest1 ua-usbhp-1-1-2'],
  },
  { title: 'a domain that does not answer leaves the matter open', guest1: { kind: 'unread', failure: undefined } },
  {
    title: 'a domain that could not be read is waited for',
    guest1: { kind: 'unread', failure: { kind: 'timed-out', said: '' } },
    standing: 'waiting timed-out',
  },
  {
    title: 'libvirt down is waited for',
    hypervisor: { kind: 'failed', failure: { kind: 'hypervisor-unreachable', said: '' } },
    standing: 'waiting hypervisor-unreachable',
  },
  { title: 'a hub is refused', plugged: [deviceOf({ hub: true })], standing: 'refused hub' },
  {
    title: 'an unconfigured device is waited for',
    plugged: [deviceOf({ configured: false })],
    standing: 'waiting not-configured',
  },
  {
    title: 'an unplugged device is detached by its mark',
    plugged: [],
    guest1: holding(marked),
    actions: ['detach guest1 ua-usbhp-1-1-2'],
  },
  {
    title: 'an unplugged device is detached by its address where its mark is not',
    plugged: [],
    guest1: holding(unmarked),
    actions: ['detach guest1 hostdev0'],
  },
  { title: 'an unplugged device of which nothing is left is done with', plugged: [], standing: 'gone' },
  {
    title: 'an unplugged device is not done with while a domain cannot be read',
    plugged: [],
    guest1: { kind: 'unread', failure: { kind: 'timed-out', said: '' } },
    standing: 'leaving timed-out',
  },
  {
    title: 'an unplugged device leaves when libvirt is back',
    plugged: [],
    hypervisor: { kind: 'failed', failure: { kind: 'hypervisor-unreachable', said: '' } },
    standing: 'leaving hypervisor-unreachable',
  },
  {
    title: "an address whose number another device has taken since is that device's",
    plugged: [deviceOf({ name: '1-7' })],
    guest1: holding(unmarked),
    standing: 'gone',
  },
  {
    title: 'a replug: the ghost goes first, then the device comes under its new number',
    wants: [wantOf({ deviceNumber: 3 })],
    plugged: [deviceOf({ deviceNumber: 3 })],
    guest1: holding(marked),
    actions: ['detach guest1 ua-usbhp-1-1-2', 'attach guest1 ua-usbhp-1-1-3'],
  },
  {
    title: 'a device that another domain holds by our mark is taken from there first',
    wants: [wantOf({ domain: 'guest2' })],
    guest1: holding(marked),
    guest2: holding(),
    actions: ['detach guest1 ua-usbhp-1-1-2'],
  },
  {
    title: 'an unmarked hostdev of another domain is not ours to touch',
    wants: [wantOf({ domain: 'guest2' })],
    guest1: holding(unmarked),
    guest2: holding(),
    actions: ['attach guest2 ua-usbhp-1-1-2'],
  },
  {
    title: 'a valid mark without a want is adopted',
    wants: [],
    guest1: holding(marked),
    actions: ['adopt guest1 1-1'],
  },
  {
    title: 'an invalid mark without a want is a ghost',
    wants: [],
    plugged: [],
    guest1: holding(marked),
    actions: ['detach guest1 ua-usbhp-1-1-2'],
  },
  {
    title: 'a mark that holds nothing, as a restored domain has it, is replaced by the device',
    guest1: holding({ ...marked, address: undefined, missing: true }),
    actions: ['detach guest1 ua-usbhp-1-1-2', 'attach guest1 ua-usbhp-1-1-2'],
  },
  { title: 'an unmarked hostdev without a want is left alone', wants: [], plugged: [], guest1: holding(unmarked) },
  {
    title: 'what a person took back is detached though it is plugged in',
    wants: [wantOf({ released: true })],
    guest1: holding(marked),
    actions: ['detach guest1 ua-usbhp-1-1-2'],
  },
  { title: 'what a person took back stays out', wants: [wantOf({ released: true })], standing: 'released' },
  {
    title: 'what a person took back is forgotten when it is pulled out',
    wants: [wantOf({ released: true })],
    plugged: [],
    standing: 'gone',
  },
];

for (const {
  title,
  wants = [wanted],
  replugged = false,
  plugged = [keyboard],
  guest1 = holding(),
  guest2 = off,
  hypervisor,
  actions = [],
  standing,
} of rows) {
  test(title, () => {
    const domains: Domain[] = [
      { uuid: '11111111-1111-1111-1111-111111111111', name: 'guest1', live: guest1 },
      { uuid: '22222222-2222-2222-2222-222222222222', name: 'guest2', live: guest2 },
    ];
    const planned = plan({
      wants,
      replugged: new Set(replugged ? wants : []),
      plugged: new Map(plugged.map((device) => [device.name, device])),
      hypervisors: new Map([[uri, hypervisor ?? { kind: 'reached', domains }]]),
    });
    assert.deepEqual(
      [
        ...planned.actions.map((action) =>
          action.kind === 'attach'
            ? `attach ${action.domain.name} ua-usbhp-${action.want.device}-${action.want.deviceNumber}`
            : `detach ${action.domain.name} ${action.hostdev.alias}`,
        ),
        ...planned.adoptions.map(({ domain, device }) => `adopt ${domain} ${device.name}`),
      ],
      actions,
    );
    const [judged] = planned.standings.values();
    const reason = judged !== undefined && 'reason' in judged ? ` ${judged.reason}` : '';
    assert.equal(judged === undefined ? undefined : judged.kind + reason, standing);
  });
}

function holding(...hostdevs: Hostdev[]): Domain['live'] {
  return { kind: 'read', hostdevs };
}
