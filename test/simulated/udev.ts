// udev: rules, the queue of events, its database, and the hooks that it runs.
import { defaultUri } from '../../src/core/domain.js';
import { padNumber } from '../../src/core/device.js';
import { parseEvent, type Environment } from '../../src/core/event.js';
import { handleEvent } from '../../src/handle-event.js';
import type { Log } from '../../src/host/log.js';
import type { Places } from '../../src/host/places.js';
import type { Program } from '../../src/host/program.js';
import { earlyEvent, hookFront } from './hook-front.js';
import { nobody, openClaims } from './claims.js';
import { Killed, newProcess, realFs, runAs, type SimulatedProcess } from './process.js';
import type { Time } from './time.js';
import { kinds, type Kind, type Plugged, type Port, type Usb } from './usb.js';

/** A line that a user wrote. What it leaves out matches anything, but never somebody else's mouse. */
export interface Rule {
  readonly port?: Port;
  readonly kind?: Kind;
  readonly domain: string;
  /** `RUN+="…/hook DOMAIN"`, or `ENV{USB_LIBVIRT_DOMAIN}="DOMAIN"`. */
  readonly style: 'RUN' | 'ENV';
  /** With `ACTION=="add"`, as the old script's rules; else without an ACTION match. */
  readonly addOnly: boolean;
}

type Action = 'add' | 'bind' | 'change' | 'remove';

interface Event {
  readonly action: Action;
  readonly device: Plugged;
  /** In the middle of a USB reset a device has none. */
  readonly numberless: boolean;
  readonly seqnum: number;
}

/** The next hook dies before its so-manieth operation. */
export interface HookDeath {
  readonly operations: number;
  readonly halfway: boolean;
}

const delayMs = 2;

export function simulateUdev({ time, usb, places, log }: { time: Time; usb: Usb; places: Places; log: Log }) {
  let queue: Event[] = [];
  let working = false;
  let seqnum = 1000;
  /** What the database keeps of our property. */
  const database = new Map<Port, string>();
  const claims = openClaims();

  const udev = {
    rules: [] as Rule[],
    claims,
    hookDeaths: [] as HookDeath[],
    /** Hooks that ended in a way that nobody foresaw. */
    faults: [] as unknown[],

    /** `udevadm info PATH…`, the only thing that it is asked for here. */
    udevadm: ((args) => {
      const records = usb
        .all()
        .filter(({ port }) => args.some((path) => path.endsWith(`/${port}`)))
        .map((device) => describeDevice(environmentOf(noEvent(device), database.get(device.port))));
      return Promise.resolve({ kind: 'done', stdout: records.join('\n\n'), stderr: '', status: 0 });
    }) as Program,

    /** What a sync finds in the database is as good as a rule's word. */
    noteSync(): void {
      for (const device of usb.all()) claims.noteSync(device, database.get(device.port));
    },

    queueEvent(action: Action, device: Plugged, { numberless = false } = {}): void {
      queue.push({ action, device, numberless, seqnum: ++seqnum });
      if (!working) goOn();
    },

    /** `udevadm trigger --subsystem-match=usb`. */
    trigger(action: 'add' | 'bind' | 'change'): void {
      for (const device of usb.all()) udev.queueEvent(action, device);
    },

    /** What the kernel has said and nobody has heard yet is lost. */
    loseEvents(): void {
      queue = [];
    },

    isQuiet: () => !working,
  };
  return udev;

  function goOn(): void {
    working = true;
    time.after(delayMs, () => {
      const event = queue.shift();
      if (event !== undefined) handle(event);
      working = false;
      if (queue.length > 0) goOn();
    });
  }

  function handle(event: Event): void {
    const { action, device } = event;
    const { port } = device;
    if (action === 'remove') {
      database.delete(port);
      runHook(event, [], undefined);
      return;
    }
    const matching = udev.rules.filter((rule) => matches(rule, event));
    const assigned = matching.filter(({ style }) => style === 'ENV').at(-1)?.domain;
    const imported = action === 'add' ? undefined : database.get(port);
    const property = assigned ?? imported;
    if (property === undefined) database.delete(port);
    else database.set(port, property);

    const runs = matching.filter(({ style }) => style === 'RUN').map(({ domain }) => ({ domain, args: [domain] }));
    const all = property === undefined ? runs : [...runs, { domain: property, args: [] as string[] }];
    if (event.numberless) {
      for (const { args } of all) runHook(event, args, property);
      return;
    }
    const claim = claims.begin(device, runs.length > 0);
    for (const { domain, args } of all) claim.note(domain, runHook(event, args, property));
  }

  /** @returns whether it came to its end */
  function runHook(event: Event, args: readonly string[], property: string | undefined): boolean {
    // It takes its time to start; two hooks never claim in the same millisecond.
    time.jump(1);
    const environment = environmentOf(event, property);
    const { runDirectory } = places;
    const front = hookFront(environment, args, runDirectory);
    if (front === 'wake' && realFs.existsSync(runDirectory)) realFs.writeFileSync(`${runDirectory}/wake`, '');
    if (front === 'aside') {
      realFs.mkdirSync(`${runDirectory}/early`, { recursive: true });
      const places = realFs.readdirSync(`${runDirectory}/early`).filter((name) => name.startsWith(`${event.seqnum}.`));
      realFs.writeFileSync(`${runDirectory}/early/${event.seqnum}.${places.length}`, earlyEvent(environment, args));
      realFs.writeFileSync(`${runDirectory}/wake`, '');
      return true;
    }
    // What it found on file may have been the want of an earlier plug under the same number.
    if (front !== 'node') return !claims.ownersOf(event.device).has(nobody);

    const death = udev.hookDeaths.shift();
    let left = death?.operations ?? Infinity;
    const hook: SimulatedProcess = newProcess(() => {
      left -= 1;
      hook.isDead = left < 0;
      hook.diesHalfway = death?.halfway ?? false;
    });
    const domain = args[0] ?? environment['USB_LIBVIRT_DOMAIN'] ?? '';
    // Under udev it works from beginning to end without waiting for anything.
    runAs(hook, () => {
      handleEvent(parseEvent(environment), { domain, uri: defaultUri }, { places, log, underUdev: true }).catch(
        (fault: unknown) => {
          if (!(fault instanceof Killed)) udev.faults.push(fault);
        },
      );
    });
    return !hook.isDead;
  }
}

export type Udev = ReturnType<typeof simulateUdev>;

function matches(rule: Rule, { action, device }: Event): boolean {
  return (
    device.kind !== 'mouse' &&
    (rule.port === undefined || rule.port === device.port) &&
    (rule.kind === undefined || rule.kind === device.kind) &&
    (!rule.addOnly || action === 'add')
  );
}

function environmentOf({ action, device, numberless, seqnum }: Event, property: string | undefined): Environment {
  const { port, kind, busNumber, deviceNumber } = device;
  const { vendorId, productId, hub } = kinds[kind];
  const hubPort = port.split('.')[0] ?? port;
  const parents = port === hubPort ? `usb${busNumber}` : `usb${busNumber}/${hubPort}`;
  return {
    ACTION: action,
    SUBSYSTEM: 'usb',
    DEVTYPE: 'usb_device',
    DEVPATH: `/devices/pci0000:00/0000:00:05.0/${parents}/${port}`,
    BUSNUM: padNumber(busNumber),
    DEVNUM: numberless ? '000' : padNumber(deviceNumber),
    PRODUCT: `${unpadded(vendorId)}/${unpadded(productId)}/0`,
    TYPE: hub ? '9/0/1' : '0/0/0',
    ID_MODEL_ENC: kind,
    SEQNUM: String(seqnum),
    ...(property === undefined ? {} : { USB_LIBVIRT_DOMAIN: property }),
  };
}

function noEvent(device: Plugged): Event {
  return { action: 'add', device, numberless: false, seqnum: 0 };
}

function describeDevice(properties: Environment): string {
  const lines = Object.entries(properties).map(([name, value]) => `E: ${name}=${String(value)}`);
  return [`P: ${String(properties['DEVPATH'])}`, ...lines].join('\n');
}

function unpadded(id: string): string {
  return id.replace(/^0{1,3}/, '');
}
