const uuids = {
  'testvm-01': '11111111-6bb5-4cbf-a23b-b8eb134f57e8',
  'testvm-02': '22222222-6bb5-4cbf-a23b-b8eb134f57e8',
};

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
