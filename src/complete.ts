// What a completion can name on this host. Loaded only then; quick, and silent about whatever goes wrong.
import { printable } from './core/message.js';
import { readProduct } from './host/device-strings.js';
import type { Places } from './host/places.js';
import { programIn } from './host/program.js';
import { readPlugged } from './host/sysfs.js';
import { openVirsh } from './host/virsh.js';

/** A word, and what it stands for. */
export type Candidate = readonly [word: string, text: string];

const virshLimitMs = 2000;

/** Every device by its port and its ids, and a hub as what is behind it. */
export async function deviceCandidates({ sysfs }: Places): Promise<Candidate[]> {
  const devices = [...readPlugged(sysfs).values()].filter(({ name }) => !name.startsWith('usb'));
  const named = devices.map(async ({ name, vendorId, productId, hub }): Promise<Candidate[]> => {
    const product = printable(await readProduct(sysfs, name));
    return hub
      ? [[`${name}/...`, `all behind ${product}`]]
      : [
          [name, product],
          [`${vendorId}:${productId}`, product],
        ];
  });
  return (await Promise.all(named)).flat();
}

export async function domainCandidates({ path, runDirectory }: Places, uri: string): Promise<Candidate[]> {
  const virsh = programIn(path, 'virsh');
  const answer = await openVirsh((args) => virsh(args, virshLimitMs), runDirectory).list(uri, 'all');
  return answer.kind === 'done' ? answer.value.map(({ name }) => [printable(name), 'domain']) : [];
}
