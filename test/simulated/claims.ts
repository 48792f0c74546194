// Who a device can belong to by now, as far as anybody can tell from outside: certain after an event that was
// handled to its end, a matter of luck after a hook that was killed.
import type { Plugged } from './usb.js';

export const nobody = 'nobody';

export function openClaims() {
  const owners = new Map<Plugged, Set<string>>();
  const ever = new Map<Plugged, Set<string>>();
  /** Devices for which a rule started the hook itself: those leave no word in udev's database. */
  const ranDirectly = new Set<Plugged>();
  const claims = {
    /** The domains, or nobody, that may have it. */
    ownersOf: (device: Plugged): ReadonlySet<string> => owners.get(device) ?? new Set([nobody]),

    /** The domains that rules have given it to since it was plugged in. */
    everOf: (device: Plugged): ReadonlySet<string> => ever.get(device) ?? new Set(),

    /** An event of the device, for which udev runs the hooks of all rules that match, in their order. */
    begin(device: Plugged, byRun: boolean) {
      if (byRun) ranDirectly.add(device);
      let first: string | undefined;
      let wasKilled = false;
      // An owner's hook that finds its claim on file leaves no trace of having spoken, and the next one's, of another
      // rule in the same event, takes the device for free. (At the next event it comes back.)
      let silent = false;
      return {
        note(domain: string, ended: boolean): void {
          ever.set(device, new Set(ever.get(device)).add(domain));
          if (first !== undefined && !silent && first !== domain) return;
          const before = claims.ownersOf(device);
          const open = wasKilled || !ended || (first !== undefined && silent);
          silent ||= first === undefined && before.has(domain);
          // Nobody knows how far a killed one came; the next rule's hook, if any, may have found nothing on file.
          owners.set(device, open ? new Set([...before, domain]) : new Set([domain]));
          wasKilled ||= !ended;
          if (ended) first ??= domain;
        },
      };
    },

    /** All files are gone: what some domain still holds is adopted there, the rest is forgotten. */
    forgetAll(): void {
      for (const [device, domains] of ever) owners.set(device, new Set([nobody, ...domains]));
    },

    /** A sync gives a device to the domain that udev's database names, if any, unless that one was refused before. */
    noteSync(device: Plugged, domain: string | undefined): void {
      if (domain === undefined) return;
      ever.set(device, new Set(ever.get(device)).add(domain));
      const others = ranDirectly.has(device) ? [...claims.ownersOf(device)].filter((owner) => owner !== nobody) : [];
      owners.set(device, new Set([domain, ...others]));
    },
  };
  return claims;
}
