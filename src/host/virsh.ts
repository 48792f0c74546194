import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseDomainList, type DomainName } from '../core/domain.js';
import { buildHostdev, parseDomain, type Hostdev, type UsbAddress } from '../core/hostdev.js';
import { readFailure, type Failure } from '../core/virsh-failure.js';
import { writeWhole } from './files.js';
import type { Program } from './program.js';

export type Answer<T> =
  { readonly kind: 'done'; readonly value: T } | { readonly kind: 'failed'; readonly failure: Failure };

/** What this program asks of libvirt. Domains go by UUID, which virsh cannot mistake for anything else. */
export interface Virsh {
  /** The running domains, or all that are defined. */
  list(uri: string, which: 'running' | 'all'): Promise<Answer<DomainName[]>>;
  /** The USB hostdevs of a domain's live XML; `off` when it has none because the domain does not run. */
  readLive(uri: string, uuid: string): Promise<Answer<Hostdev[] | 'off'>>;
  /** Hands a host device to a running domain. What it really holds afterwards, its live XML tells. */
  attach(uri: string, uuid: string, address: UsbAddress, alias: string): Promise<Answer<void>>;
  /** Asks for a detachment by alias. Returns when the request is made, not when the device is out. */
  detachAlias(uri: string, uuid: string, alias: string): Promise<Answer<void>>;
  /** Detaches by bus and device. Waits up to five seconds, and then calls it a success even if it is none. */
  detachAddress(uri: string, uuid: string, address: UsbAddress): Promise<Answer<void>>;
}

// libvirt itself waits up to 30 s for a domain's job lock before it says that it is busy.
const changeLimitMs = 45_000;
const readLimitMs = 20_000;

/** @param runDirectory where the XML that virsh is given is put */
export function openVirsh(virsh: Program, runDirectory: string): Virsh {
  async function run(uri: string, args: readonly string[], limitMs: number): Promise<Answer<string>> {
    const { kind, stdout, stderr, status } = await virsh(['--quiet', '--connect', uri, ...args], limitMs);
    switch (kind) {
      case 'done':
        return { kind, value: stdout };
      case 'timed-out':
        return failed({ kind, said: '' });
      case 'missing':
        return failed({ kind: 'virsh-missing', said: '' });
      case 'failed':
        // Killed, or gone without a word (libvirtd's activation failed: 141): nobody knows what was done.
        return failed(
          stderr.trim() === ''
            ? { kind: 'hypervisor-unreachable', said: `virsh ended with ${status}` }
            : readFailure(stderr),
        );
    }
  }

  /** virsh reads XML from a real file only: a child's stdin under Node is a socket, which it cannot open. */
  async function runWithXml(
    uri: string,
    xml: string,
    args: (file: string) => readonly string[],
  ): Promise<Answer<void>> {
    const file = join(runDirectory, `tmp/hostdev-${process.pid}-${++files}.xml`);
    writeWhole(file, xml);
    try {
      return forget(await run(uri, args(file), changeLimitMs));
    } finally {
      rmSync(file, { force: true });
    }
  }
  let files = 0;

  return {
    async list(uri, which) {
      const answer = await run(uri, ['list', ...(which === 'all' ? ['--all'] : []), '--uuid', '--name'], readLimitMs);
      return answer.kind === 'done' ? { kind: 'done', value: parseDomainList(answer.value) } : answer;
    },
    async readLive(uri, uuid) {
      const answer = await run(uri, ['dumpxml', '--', uuid], readLimitMs);
      if (answer.kind === 'failed') return answer;
      const domain = parseDomain(answer.value);
      return domain === undefined
        ? failed({ kind: 'unexplained', said: 'dumpxml printed something that is no domain' })
        : { kind: 'done', value: domain.running ? domain.hostdevs : 'off' };
    },
    attach: (uri, uuid, address, alias) =>
      runWithXml(uri, buildHostdev(address, alias), (file) => ['attach-device', '--live', '--', uuid, file]),
    detachAlias: async (uri, uuid, alias) =>
      forget(await run(uri, ['detach-device-alias', '--live', '--', uuid, alias], changeLimitMs)),
    detachAddress: (uri, uuid, address) =>
      runWithXml(uri, buildHostdev(address), (file) => ['detach-device', '--live', '--', uuid, file]),
  };
}

function failed(failure: Failure): { kind: 'failed'; failure: Failure } {
  return { kind: 'failed', failure };
}

function forget(answer: Answer<string>): Answer<void> {
  return answer.kind === 'done' ? { kind: 'done', value: undefined } : answer;
}
