import { setTimeout as sleep } from 'node:timers/promises';
import type { Hostdev } from '../core/hostdev.js';
import { markOf, parseMark } from '../core/mark.js';
import type { Action } from '../core/plan.js';
import type { Answer, Virsh } from '../host/virsh.js';
import type { Trouble } from './retries.js';

/**
 * Does one planned change to a domain, and tells what is wrong afterwards. Of an attach that virsh calls done
 * that is "not in the live XML", until the next look has seen it there.
 */
export async function carryOut(action: Action, virsh: Virsh): Promise<Trouble | undefined> {
  switch (action.kind) {
    case 'attach': {
      const { uri, domain, want } = action;
      return (
        troubleOf(await virsh.attach(uri, domain.uuid, want, markOf(want))) ?? { reason: 'not-in-live-xml', said: '' }
      );
    }
    case 'detach':
      return detach(action, virsh);
  }
}

/** By our mark first, then by bus and device: what counts is that the live XML holds it no more. */
async function detach(
  { uri, domain, hostdev }: Extract<Action, { kind: 'detach' }>,
  virsh: Virsh,
): Promise<Trouble | undefined> {
  const ways: (() => Promise<Answer<void>>)[] = [];
  const { address } = hostdev;
  if (parseMark(hostdev.alias) !== undefined) ways.push(() => virsh.detachAlias(uri, domain.uuid, hostdev.alias));
  if (address !== undefined) ways.push(() => virsh.detachAddress(uri, domain.uuid, address));

  let trouble: Trouble | undefined;
  for (const way of ways) {
    trouble = troubleOf(await way());
    if (trouble !== undefined && asWellLater.includes(trouble.reason)) return trouble;
    if (await isOut(uri, domain.uuid, hostdev, virsh, trouble === undefined)) return undefined;
  }
  return trouble ?? { reason: 'still-attached', said: '' };
}

/** Troubles that another way of asking would meet as well. */
const asWellLater: readonly string[] = [
  'hypervisor-unreachable',
  'timed-out',
  'domain-busy',
  'denied',
  'virsh-missing',
];

const detachPausesMs = [100, 200, 400, 800, 1600, 3200];

/** Whether the domain holds the hostdev no more; waits for it when it `mayTakeAWhile`. */
async function isOut(
  uri: string,
  uuid: string,
  hostdev: Hostdev,
  virsh: Virsh,
  mayTakeAWhile: boolean,
): Promise<boolean> {
  for (const pauseMs of mayTakeAWhile ? [0, ...detachPausesMs] : [0]) {
    await sleep(pauseMs);
    const live = await virsh.readLive(uri, uuid);
    if (live.kind === 'failed') return false;
    if (live.value === 'off' || !live.value.some(({ alias }) => alias === hostdev.alias)) return true;
  }
  return false;
}

function troubleOf(answer: Answer<void>): Trouble | undefined {
  return answer.kind === 'failed' ? { reason: answer.failure.kind, said: answer.failure.said } : undefined;
}
