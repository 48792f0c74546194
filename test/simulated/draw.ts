// How stories are drawn: often what leads somewhere, seldom what upsets everything.
import fc from 'fast-check';
import { domainNames, type DomainName } from './domains.js';
import { endings, troubles, virshCommands, type Happening, type Step, type Story, type Trouble } from './happening.js';
import type { Pause } from './host.js';
import type { Rule } from './udev.js';
import { ports, type Port } from './usb.js';

const port = weighted<Port>([5, one('1-1', '1-2')], [4, fc.constantFrom(...ports)]);
const domain = weighted([4, one('alpha')], [4, fc.constantFrom(...domainNames)]);
const device = one('keyboard', 'stick');

const speech = { domain, style: one('RUN', 'ENV'), addOnly: fc.boolean() };
const rule: fc.Arbitrary<Rule> = weighted<Rule>(
  [2, fc.record({ ...speech, port })],
  [1, fc.record({ ...speech, kind: device })],
  [3, fc.record(speech)],
);
const rules = fc.array(rule, { minLength: 1, maxLength: 3, size: 'max' });

/** At 1-4 there is room for a hub only, and a hub nowhere else. */
const plug = port.chain((chosen) =>
  fc.record({
    what: one('plug'),
    port: one(chosen),
    kind: chosen === '1-4' ? one('hub') : weighted([7, device], [1, one('mouse')]),
    authorized: weighted([9, fc.constant(true)], [1, fc.constant(false)]),
  }),
);

/** libvirt may still do what the worker's virsh asked for, so much later. */
function killOfWorker(...lateMs: number[]) {
  return fc.record({
    what: one('kill worker'),
    halfway: fc.boolean(),
    stillDone: fc.boolean(),
    lateMs: fc.constantFrom(...lateMs),
  });
}

type Choice<T> = [weight: number, arbitrary: fc.Arbitrary<T>];

/** What the product is to cope with at once. */
const dailyLife: Choice<Happening>[] = [
  [20, plug],
  [6, fc.record({ what: one('unplug', 'reset'), port })],
  [8, fc.record({ what: one('replug'), port })],
  [1, fc.record({ what: one('authorize'), port })],
  [1, fc.record({ what: one('rebind controller'), busNumber: fc.constantFrom(1, 2) })],
  [3, fc.record({ what: one('edit rules'), rules })],
  [3, fc.record({ what: one('trigger'), action: one('add', 'change') })],
  [2, fc.record({ what: one('define'), domain, withMouse: fc.boolean() })],
  [8, fc.record({ what: one('start'), domain })],
  [8, fc.record({ what: one('stop', 'crash', 'undefine', 'save', 'restore', 'managed save'), domain })],
  [2, fc.record({ what: one('attach mouse', 'detach mouse'), domain })],
  [2, fc.record({ what: one('libvirtd down') })],
  [5, fc.record({ what: one('libvirtd up') })],
  [6, killOfWorker(0, 100, 1000)],
  [
    1,
    fc.record({ what: one('set clock'), byMs: fc.constantFrom(-3_600_000, -1000, 1000, 3_600_000, -40 * 86_400_000) }),
  ],
];

/** What it may take a sync to recover from. */
const disasters: Choice<Happening>[] = [
  // What libvirt does so late that the next worker has looked already.
  [2, killOfWorker(5000)],
  [2, fc.record({ what: one('lose events', 'lose wake', 'lose run directory') })],
  [4, fc.record({ what: one('kill next hook'), operations: fc.nat(9), halfway: fc.boolean() })],
  [
    4,
    fc.record({
      what: one('virsh trouble'),
      command: fc.constantFrom(...virshCommands),
      trouble: fc.constantFrom(...(Object.keys(troubles) as Trouble[])),
    }),
  ],
];

const pause = weighted<Pause>(
  [3, fc.record({ kind: one('none') })],
  [4, fc.record({ kind: one('operations'), count: fc.integer({ min: 1, max: 60 }) })],
  [3, fc.record({ kind: one('time'), ms: fc.constantFrom(1, 5, 30, 100, 400, 3000) })],
  [2, fc.record({ kind: one('quiet') })],
);

/** Stories without disasters, in which nobody has to help. */
export const everydayStory = storyOf(dailyLife, fc.constant('left alone'));

/** Stories of whatever can happen, with a sync at the end. */
export const anyStory = storyOf(
  [...dailyLife, ...disasters],
  fc.constantFrom(...endings.filter((ending) => ending !== 'left alone')),
);

function storyOf(happenings: readonly Choice<Happening>[], ending: fc.Arbitrary<Story['ending']>): fc.Arbitrary<Story> {
  const step: fc.Arbitrary<Step> = fc.record({ pause, happening: weighted(...happenings) });
  return fc.record({
    rules,
    running: weighted<DomainName[]>([4, fc.constant(domainNames)], [1, fc.subarray(domainNames)]),
    lastNumber: fc.constantFrom(127, 5),
    steps: fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }),
    ending,
  });
}

function weighted<T>(...choices: readonly Choice<T>[]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

function one<const Words extends readonly string[]>(...words: Words): fc.Arbitrary<Words[number]> {
  return fc.constantFrom(...words);
}
