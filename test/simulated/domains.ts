// The domains and what people do with them, with libvirt's hook script telling the worker (rules/qemu-hook).
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMark } from '../../src/core/mark.js';
import { answer } from '../fake/libvirt.mjs';
import { Refusal } from '../fake/refusal.mjs';
import * as world from '../fake/world.mjs';
import { kinds, type Usb } from './usb.js';
import type { Libvirt } from './virsh.js';

export type DomainName = keyof typeof definitions;

/** The third has room for one device. */
export const definitions = {
  alpha: { uuid: '36a02b13-6bb5-4cbf-a23b-00000000000a', usbPorts: 8 },
  beta: { uuid: '36a02b13-6bb5-4cbf-a23b-00000000000b', usbPorts: 8 },
  gamma: { uuid: '36a02b13-6bb5-4cbf-a23b-00000000000c', usbPorts: 1 },
} as const;

export const domainNames = Object.keys(definitions) as DomainName[];

const { vendorId, productId } = kinds.mouse;
const mouseXml = `<hostdev mode="subsystem" type="usb"><source><vendor id="0x${vendorId}"/><product id="0x${productId}"/></source></hostdev>`;

interface Surroundings {
  readonly libvirt: Libvirt;
  readonly usb: Usb;
  readonly runDirectory: string;
  /** systemd's `WantedBy=libvirtd.service`. */
  readonly onDaemonStart: () => void;
}

export function openDomains({ libvirt, usb, runDirectory, onDaemonStart }: Surroundings) {
  const find = (name: DomainName) => libvirt.state.domains.find((domain) => domain.name === name);
  const runs = (name: DomainName) => find(name)?.state === 'running';

  const domains = {
    find,

    /** With a definition that holds other people's mouse, if told so. One that runs as transient becomes persistent. */
    define(name: DomainName, withMouse: boolean): void {
      ask(() => {
        const known = find(name);
        if (known === undefined) {
          const hostdevXmls = withMouse ? [mouseXml] : [];
          world.addDomain(libvirt.state, { name, running: false, hostdevXmls, ...definitions[name] });
        } else {
          known.persistent = true;
        }
      });
    },

    undefine(name: DomainName): void {
      ask(() => {
        if (find(name)?.managedSave === null) world.undefineDomain(libvirt.state, name);
      });
    },

    start(name: DomainName): void {
      ask(() => {
        const domain = find(name);
        if (domain?.state !== 'shut off') return;
        if (domain.managedSave !== null) wake();
        world.startDomain(libvirt.state, name, restoreHook);
        wake();
      });
    },

    stop(name: DomainName): void {
      ask(() => {
        if (runs(name))
          leave(() => {
            world.stopDomain(libvirt.state, name);
          });
      });
    },

    /** Its QEMU dies; nobody tells when libvirtd is down. */
    crash(name: DomainName): void {
      if (!runs(name)) return;
      world.stopDomain(libvirt.state, name);
      if (!libvirt.state.libvirtdDown) wake();
    },

    managedSave(name: DomainName): void {
      ask(() => {
        if (runs(name))
          leave(() => {
            world.managedSaveDomain(libvirt.state, name);
          });
      });
    },

    save(name: DomainName): void {
      ask(() => {
        if (runs(name))
          leave(() => {
            world.saveDomain(libvirt.state, name, `${name}.save`);
          });
      });
    },

    restore(name: DomainName): void {
      ask(() => {
        wake();
        world.restoreDomain(libvirt.state, `${name}.save`, restoreHook);
        wake();
      });
    },

    /** Somebody attaches the mouse by hand, under whatever alias libvirt makes up. */
    attachMouse(name: DomainName): void {
      if (usb.all().some(({ kind }) => kind === 'mouse')) change(['attach-device', '--live', '--', name, 'mouse.xml']);
    },

    detachMouse(name: DomainName): void {
      change(['detach-device', '--live', '--', name, 'mouse.xml']);
    },

    daemonDown(): void {
      libvirt.state.libvirtdDown = true;
    },

    daemonUp(): void {
      if (!libvirt.state.libvirtdDown) return;
      libvirt.state.libvirtdDown = false;
      if (libvirt.state.domains.some(({ state }) => state === 'running')) wake();
      onDaemonStart();
    },
  };
  return domains;

  /** What libvirt refuses is refused, and nothing is asked of a daemon that is down. */
  function ask(act: () => void): void {
    if (libvirt.state.libvirtdDown) return;
    try {
      act();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }

  function leave(act: () => void): void {
    act();
    wake();
  }

  function change(args: string[]): void {
    libvirt.state = answer(libvirt.state, args, () => mouseXml).state;
  }

  function wake(): void {
    if (existsSync(runDirectory)) writeFileSync(join(runDirectory, 'wake'), '');
  }
}

export type Domains = ReturnType<typeof openDomains>;

/** What rules/qemu-hook does to saved hostdevs: ours come back optional and without numbers. */
export function restoreHook(saved: world.Hostdev[]): world.Hostdev[] {
  return saved.map((hostdev) =>
    parseMark(hostdev.alias) === undefined ? hostdev : { ...hostdev, bus: 0, device: 0, startupPolicy: 'optional' },
  );
}
