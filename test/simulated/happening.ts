// What can happen to a host, as plain data that can be drawn, shrunk, printed and played again.
import { domainNames, type DomainName } from './domains.js';
import type { Host, Pause } from './host.js';
import type { Rule } from './udev.js';
import type { Kind, Port } from './usb.js';

export type Happening =
  | { readonly what: 'plug'; readonly port: Port; readonly kind: Kind; readonly authorized: boolean }
  | { readonly what: 'unplug' | 'replug' | 'reset' | 'authorize'; readonly port: Port }
  | { readonly what: 'rebind controller'; readonly busNumber: number }
  | { readonly what: 'edit rules'; readonly rules: readonly Rule[] }
  | { readonly what: 'trigger'; readonly action: 'add' | 'change' }
  | { readonly what: 'define'; readonly domain: DomainName; readonly withMouse: boolean }
  | {
      readonly what:
        'start' | 'stop' | 'crash' | 'undefine' | 'save' | 'restore' | 'managed save' | 'attach mouse' | 'detach mouse';
      readonly domain: DomainName;
    }
  | { readonly what: 'libvirtd down' | 'libvirtd up' | 'lose events' | 'lose wake' | 'lose run directory' | 'nothing' }
  | { readonly what: 'kill worker'; readonly halfway: boolean; readonly stillDone: boolean; readonly lateMs: number }
  | { readonly what: 'kill next hook'; readonly operations: number; readonly halfway: boolean }
  | { readonly what: 'set clock'; readonly byMs: number }
  | { readonly what: 'virsh trouble'; readonly command: VirshCommand; readonly trouble: Trouble };

export type VirshCommand = (typeof virshCommands)[number];
export const virshCommands = ['attach-device', 'detach-device', 'detach-device-alias', 'dumpxml', 'list'] as const;

export type Trouble = keyof typeof troubles;

/** As the fake libvirt is told of them; each strikes once. */
export const troubles = {
  'answer lost': { afterEffect: true, exit141: true },
  'nothing done': { exit141: true },
  hangs: { hangMs: 120_000 },
  'domain busy': { jobLock: true, hangMs: 30_000 },
  'device not seen': { stderr: 'error: internal error: Did not find USB device bus:1 device:2\n' },
  'done in words only': { silentDetach: true },
  'done a while later': { silentDetach: 3 },
  'takes its time': { slowMs: 20_000 },
} as const;

export interface Step {
  readonly pause: Pause;
  readonly happening: Happening;
}

/** A story of a host: what its rules and domains are at first, and what happens to it. */
export interface Story {
  readonly rules: readonly Rule[];
  readonly running: readonly DomainName[];
  /** The bus's device numbers begin again after this one. */
  readonly lastNumber: number;
  readonly steps: readonly Step[];
  readonly ending: (typeof endings)[number];
}

/** What is done when the dust has settled. */
export const endings = ['left alone', 'sync', 'sync --rescan'] as const;

export function happen(host: Host, happening: Happening): void {
  const { domains, libvirt, systemd, time, udev, usb } = host;
  switch (happening.what) {
    case 'plug':
      host.plug(happening.port, happening.kind, happening.authorized);
      return;
    case 'unplug':
    case 'reset':
    case 'authorize':
      host[happening.what](happening.port);
      return;
    case 'replug': {
      const device = usb.at(happening.port);
      if (device === undefined) return;
      host.unplug(device.port);
      host.plug(device.port, device.kind, device.authorized);
      return;
    }
    case 'rebind controller':
      host.rebind(happening.busNumber);
      return;
    case 'edit rules':
      udev.rules = [...happening.rules];
      return;
    case 'trigger':
      udev.trigger(happening.action);
      return;
    case 'define':
      domains.define(happening.domain, happening.withMouse);
      return;
    case 'start':
    case 'stop':
    case 'crash':
    case 'undefine':
    case 'save':
    case 'restore':
      domains[happening.what](happening.domain);
      return;
    case 'managed save':
      domains.managedSave(happening.domain);
      return;
    case 'attach mouse':
      domains.attachMouse(happening.domain);
      return;
    case 'detach mouse':
      domains.detachMouse(happening.domain);
      return;
    case 'libvirtd down':
      domains.daemonDown();
      return;
    case 'libvirtd up':
      domains.daemonUp();
      return;
    case 'lose events':
      udev.loseEvents();
      return;
    case 'lose wake':
      host.loseWake();
      return;
    case 'lose run directory':
      host.loseRunDirectory();
      return;
    case 'kill worker':
      systemd.kill(happening);
      return;
    case 'kill next hook':
      udev.hookDeaths.push(happening);
      return;
    case 'set clock':
      time.jump(happening.byMs);
      return;
    case 'virsh trouble': {
      const { command, trouble } = happening;
      const { slowMs, ...fault } = { slowMs: 0, ...troubles[trouble] };
      if (slowMs > 0) libvirt.slow.push({ word: command, ms: slowMs });
      else libvirt.state.faults.push({ match: command, ...fault });
      return;
    }
    case 'nothing':
      return;
  }
}

/** Makes a host live through a story, to its end. */
export async function tell(host: Host, { rules, running, steps, ending }: Story): Promise<void> {
  host.udev.rules = [...rules];
  for (const name of domainNames) host.domains.define(name, false);
  for (const name of running) host.domains.start(name);
  for (const { pause, happening } of steps) {
    await host.goOn(pause, () => {
      happen(host, happening);
    });
  }
  await host.settle();
  if (ending === 'sync --rescan') await host.rescan();
  if (ending !== 'left alone') await host.sync();
}

/** One line a step, to be read by a person. */
export function describeStory({ rules, running, lastNumber, steps, ending }: Story): string {
  return [
    `rules: ${rules.map(describeRule).join('; ') || 'none'}`,
    `running: ${running.join(', ') || 'nobody'}; device numbers up to ${lastNumber}`,
    ...steps.map(({ pause, happening }, index) => `${index + 1}. ${describePause(pause)}${describe(happening)}`),
    `the dust settles; ${ending}`,
  ].join('\n');
}

function describeRule({ port, kind, domain, style, addOnly }: Rule): string {
  const which = kind ?? (port === undefined ? 'everything' : 'whatever is');
  return `${which}${port === undefined ? '' : ` at ${port}`} to ${domain} by ${style}${addOnly ? ' at add' : ''}`;
}

function describePause(pause: Pause): string {
  switch (pause.kind) {
    case 'none':
      return 'at once: ';
    case 'time':
      return `${pause.ms} ms later: `;
    case 'operations':
      return `before the worker's operation ${pause.count} from here: `;
    case 'quiet':
      return 'when all is quiet: ';
  }
}

function describe(happening: Happening): string {
  if (happening.what === 'edit rules') return `edit rules: ${happening.rules.map(describeRule).join('; ') || 'none'}`;
  const { what, ...details } = happening;
  return [what, ...Object.entries(details).map(([name, value]) => `${name} ${String(value)}`)].join(', ');
}
