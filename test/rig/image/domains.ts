const uuids = {
  'testvm-01': '11111111-6bb5-4cbf-a23b-b8eb134f57e8',
  'testvm-02': '22222222-6bb5-4cbf-a23b-b8eb134f57e8',
};

/** Where L1 has the domains' firmware. */
export const firmwarePath = '/usr/share/qemu/halt.rom';

/**
 * Firmware that halts the processor: a guest without a system would else run SeaBIOS for nothing, and wake up from its
 * halt eighteen times a second, which emulated twice takes a fifth of a processor. It ends with the reset vector:
 * cli; hlt; jmp to the hlt.
 */
export function firmware(): Buffer {
  const rom = Buffer.alloc(64 * 1024);
  rom.set([0xfa, 0xf4, 0xeb, 0xfd], rom.length - 16);
  return rom;
}

/**
 * An L2 domain: emulated, so that it needs no /dev/kvm, and without an operating system, which it does not
 * need: QEMU's monitor and the live XML show what it was given. Four USB ports are few enough to run out of.
 */
export function domainXml(name: keyof typeof uuids): string {
  return `<domain type='qemu'>
  <name>${name}</name>
  <uuid>${uuids[name]}</uuid>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <loader readonly='yes' type='rom'>${firmwarePath}</loader>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
  </features>
  <clock offset='utc'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' index='0' model='qemu-xhci' ports='4'/>
    <audio id='1' type='none'/>
    <video>
      <model type='none'/>
    </video>
    <memballoon model='none'/>
  </devices>
</domain>
`;
}
