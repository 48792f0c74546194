/** A domain's XML as `virsh dumpxml` printed it (libvirt 9.0, QEMU 7.2, machine pc-i440fx). */

/** @typedef {import('./world.mjs').Domain} Domain */

/** The live XML of a domain that runs, else the inactive one. @param {Domain} domain */
export function printDomain(domain) {
  const live = domain.state !== 'shut off';
  return `<domain type='qemu'${live ? ` id='${domain.id}'` : ''}>
  <name>${escapeXml(domain.name)}</name>
  <uuid>${domain.uuid}</uuid>
  <memory unit='KiB'>65536</memory>
  <currentMemory unit='KiB'>65536</currentMemory>
  <vcpu placement='static'>1</vcpu>
${
  live
    ? `  <resource>
    <partition>/machine</partition>
  </resource>
`
    : ''
}  <os>
    <type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
  </features>
  <cpu mode='custom' match='exact' check='${live ? 'full' : 'none'}'>
    <model fallback='forbid'>qemu64</model>
${
  live
    ? `    <feature policy='require' name='hypervisor'/>
    <feature policy='require' name='lahf_lm'/>
`
    : ''
}  </cpu>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
${indent(domain.extraDevicesXml)}    <controller type='usb' index='0' model='qemu-xhci' ports='${domain.usbPorts}'>
${live ? "      <alias name='usb'/>\n" : ''}      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
    </controller>
${plain('controller', "type='pci' index='0' model='pci-root'", 'pci.0')}\
${plain('input', "type='mouse' bus='ps2'", 'input0')}\
${plain('input', "type='keyboard' bus='ps2'", 'input1')}\
    <audio id='1' type='none'/>
    <video>
      <model type='none'/>
${live ? "      <alias name='video0'/>\n" : ''}    </video>
${(live ? domain.hostdevs : domain.inactiveHostdevs).map(printHostdev).join('')}    <memballoon model='none'/>
  </devices>
${
  live
    ? `  <seclabel type='dynamic' model='dac' relabel='yes'>
    <label>+64055:+64055</label>
    <imagelabel>+64055:+64055</imagelabel>
  </seclabel>
`
    : ''
}</domain>
`;

  /** @param {string} name @param {string} attributes @param {string} alias */
  function plain(name, attributes, alias) {
    return live
      ? `    <${name} ${attributes}>\n      <alias name='${alias}'/>\n    </${name}>\n`
      : `    <${name} ${attributes}/>\n`;
  }
}

/** @param {import('./world.mjs').Hostdev} hostdev */
function printHostdev({
  bus,
  device,
  vendorId,
  productId,
  alias,
  guestPort,
  managed,
  startupPolicy,
  guestReset,
  missing,
}) {
  const source = [
    ...(startupPolicy === '' ? [] : [` startupPolicy='${startupPolicy}'`]),
    ...(missing ? [" missing='yes'"] : []),
    ...(guestReset === '' ? [] : [` guestReset='${guestReset}'`]),
  ].join('');
  return indent(
    [
      `<hostdev mode='subsystem' type='usb' managed='${managed}'>`,
      `  <source${source}>`,
      ...(vendorId === '' ? [] : [`    <vendor id='0x${vendorId}'/>`, `    <product id='0x${productId}'/>`]),
      ...(bus === 0 && device === 0 ? [] : [`    <address bus='${bus}' device='${device}'/>`]),
      '  </source>',
      ...(alias === '' ? [] : [`  <alias name='${alias}'/>`]),
      `  <address type='usb' bus='0' port='${guestPort}'/>`,
      '</hostdev>',
    ].join('\n'),
  );
}

/** @param {string} xml */
function indent(xml) {
  return xml
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `    ${line}\n`))
    .join('');
}

/** @param {string} text */
function escapeXml(text) {
  /** @type {Record<string, string>} */
  const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
