import { describeAdoption, describeStanding } from '../core/message.js';
import type { Adoption } from '../core/plan.js';
import { isToldAlready, recordKey, sameStanding, type Standing } from '../core/standing.js';
import { beforeAnyEvent, newWant, type Want } from '../core/want.js';
import type { World } from './world.js';

/** Writes down how wants stand, and tells it: one line for each outcome, none for what is as it was. */
export function openLedger({ records, wants, clock, log }: World) {
  /** Devices that we took out of a domain ourselves. */
  const detached = new Set<string>();
  /** When we first saw that a want was not as it should be. */
  const begunMs = new Map<string, number>();

  function begin(want: Want): number {
    const key = recordKey(want);
    // A claim that nobody has judged yet began when it was made.
    const beganMs =
      begunMs.get(key) ?? (records.read(want) === undefined ? Math.min(want.claimedAtMs, clock.now()) : clock.now());
    begunMs.set(key, beganMs);
    return beganMs;
  }

  return {
    /** A device that carries our mark and that nothing is known of: its want and its record are made anew. */
    adopt({ device, domain, uri }: Adoption): void {
      const want = newWant(
        { ...device, device: device.name, devpath: '', product: '' },
        { domain, uri, seqnum: beforeAnyEvent, claimedAtMs: clock.now() },
      );
      if (!wants.create(want)) return;
      records.write({
        device: want.device,
        deviceNumber: want.deviceNumber,
        claimedAtMs: want.claimedAtMs,
        plugId: want.plugId,
        standing: { kind: 'attached', domain },
        sinceMs: want.claimedAtMs,
        announced: true,
      });
      log(describeAdoption(want, domain), want);
    },

    /** A want has something to be done; the time that its outcome takes counts from the first such moment. */
    begin(want: Want): void {
      begin(want);
    },

    /**
     * About to be attached: from now on, what its domain holds under its number is this plug's. Noted before, for
     * whoever comes after us, should we die while virsh is at it; that nobody has judged the claim yet stays so.
     */
    beginAttach(want: Want): void {
      begin(want);
      const { device, deviceNumber, plugId } = want;
      const record = records.read(want);
      if (record?.plugId === plugId) return;
      const standing: Standing = { kind: 'waiting', reason: 'not-in-live-xml', said: '' };
      const unjudged = { device, deviceNumber, claimedAtMs: 0, standing, sinceMs: clock.now(), announced: false };
      records.write({ ...(record ?? unjudged), plugId });
    },

    /** It was in a domain, whether or not anybody had the time to write that down. */
    noteDetached(want: Want): void {
      detached.add(recordKey(want));
    },

    /**
     * @param announce whether it is worth a line; what mostly passes within moments is not, at first
     * @param acted whether it is how a try ended, not what a look found
     */
    settle(want: Want, standing: Standing, { announce, acted }: { announce: boolean; acted: boolean }): void {
      const record = records.read(want);
      const isLookFailure = standing.kind === 'waiting' && !acted && !visible.includes(standing.reason);
      // A look that failed says nothing of a device that was attached.
      if (isLookFailure && record?.standing.kind === 'attached' && record.claimedAtMs === want.claimedAtMs) return;
      // What we attached ourselves is told, though an earlier attachment (before the domain was restarted) stood alike.
      const attachedAnew = standing.kind === 'attached' && begunMs.has(recordKey(want));
      const news = record === undefined || attachedAnew || !sameStanding(record.standing, standing);
      if (!news && record.claimedAtMs === want.claimedAtMs && (record.announced || !announce)) {
        begunMs.delete(recordKey(want));
        return;
      }
      const tell = announce && (news || !record.announced);
      const tookMs = clock.now() - begin(want);

      if (standing.kind === 'gone') {
        const held = detached.delete(recordKey(want)) || record?.standing.kind === 'attached';
        wants.remove(want);
        const untold = record !== undefined && isToldAlready(record.standing);
        if (!untold) log(describeStanding(want, held ? standing : { kind: 'dropped' }, tookMs), want);
      } else {
        records.write({
          device: want.device,
          deviceNumber: want.deviceNumber,
          claimedAtMs: want.claimedAtMs,
          // Where nobody saw what the domain holds, it may still be an earlier plug.
          plugId: isLookFailure || acted || standing.kind === 'leaving' ? (record?.plugId ?? want.plugId) : want.plugId,
          standing,
          sinceMs: news ? clock.now() : record.sinceMs,
          announced: announce || (!news && record.announced),
        });
        if (tell) log(describeStanding(want, standing, tookMs), want);
      }
      if (announce) begunMs.delete(recordKey(want));
    },
  };
}

/** What a look that succeeded can find in the way. */
const visible: readonly string[] = ['domain-not-running', 'domain-unknown', 'not-configured'];

export type Ledger = ReturnType<typeof openLedger>;
