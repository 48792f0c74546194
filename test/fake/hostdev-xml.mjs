/** Reads the hostdev documents that virsh is given: as libvirt does, but refusing what it would pass over. */

import { Refusal } from './refusal.mjs';

/** @typedef {Map<string, Map<string, string>>} Elements by their path, each with its attributes */

/** @type {Partial<Record<string, string[]>>} */
const known = {
  hostdev: ['mode', 'type', 'managed'],
  'hostdev source': ['startupPolicy', 'guestReset'],
  'hostdev source vendor': ['id'],
  'hostdev source product': ['id'],
  'hostdev source address': ['bus', 'device'],
  'hostdev alias': ['name'],
};

/** @type {Partial<Record<string, string>>} */
const entities = { 'lt;': '<', 'gt;': '>', 'amp;': '&', 'quot;': '"', 'apos;': "'" };

/** Between elements, or a tag: end, name, attributes, empty. */
const oneToken = /\s+|<\?xml[^>]*\?>|<(\/?)(\w+)((?:\s+\w+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;

/** @param {string} xml @returns {import('./world.mjs').Hostdev} */
export function parseHostdev(xml) {
  const elements = readElements(xml);
  const hostdev = elements.get('hostdev');
  const source = elements.get('hostdev source');
  if (hostdev?.get('mode') !== 'subsystem' || hostdev.get('type') !== 'usb') {
    throw new Refusal(
      "unsupported configuration: the fake libvirt knows hostdevs of mode 'subsystem' and type 'usb' only",
    );
  }
  if (source === undefined) throw new Refusal('XML error: Missing <source> element in hostdev device');
  const [hasVendor, hasProduct, hasAddress] = ['vendor', 'product', 'address'].map((name) =>
    elements.has(`hostdev source ${name}`),
  );
  if (hasVendor !== hasProduct) throw new Refusal(`internal error: missing ${hasVendor ? 'product' : 'vendor'}`);
  const vendor = hasVendor ? readNumber(elements, 'vendor', 'id') : 0;
  if (hasVendor && vendor === 0)
    throw new Refusal("XML error: Invalid value for attribute 'id' in element 'vendor': Zero is not permitted");
  const bus = hasAddress ? readNumber(elements, 'address', 'bus') : 0;
  // libvirt takes it, and gives QEMU a usb-host that takes what it finds.
  if (bus === 0 && vendor === 0) throw unforeseen('a hostdev that names no device');
  const alias = elements.get('hostdev alias')?.get('name') ?? '';
  return {
    vendorId: hasVendor ? fourHexDigits(vendor) : '',
    productId: hasVendor ? fourHexDigits(readNumber(elements, 'product', 'id')) : '',
    bus,
    device: hasAddress ? readNumber(elements, 'address', 'device') : 0,
    // Any other alias is dropped without a word, and libvirt makes up its own.
    alias: /^ua-[\w-]*$/.test(alias) ? alias : '',
    guestPort: 0,
    managed: hostdev.get('managed') === 'yes' ? 'yes' : 'no',
    startupPolicy: readChoice(source, 'startupPolicy', ['mandatory', 'requisite', 'optional']),
    guestReset: readChoice(source, 'guestReset', ['off', 'uninitialized', 'on']),
    missing: false,
    lost: false,
    dumpsUntilGone: 0,
  };
}

/** @param {string} xml */
function readElements(xml) {
  /** @type {Elements} */
  const elements = new Map();
  /** @type {string[]} */
  const open = [];
  oneToken.lastIndex = 0;
  while (oneToken.lastIndex < xml.length) {
    const token = oneToken.exec(xml);
    if (token === null) throw malformed();
    const [, end, name, attributes = '', empty] = token;
    if (name !== undefined && end === '') {
      const path = [...open, name].join(' ');
      const allowed = known[path];
      if (open.length === 0 && allowed === undefined)
        throw new Refusal(`unsupported configuration: unknown device type '${path}'`);
      if (allowed === undefined || elements.has(path)) throw unforeseen(path);
      elements.set(path, readAttributes(path, attributes, allowed));
      if (empty === '') open.push(name);
    } else if (name !== undefined && open.pop() !== name) {
      throw malformed();
    }
  }
  if (open.length > 0 || elements.size === 0) throw malformed();
  return elements;
}

/** @param {string} path @param {string} text @param {string[]} allowed */
function readAttributes(path, text, allowed) {
  /** @type {Map<string, string>} */
  const attributes = new Map();
  for (const [, name = '', quoted = ''] of text.matchAll(/(\w+)\s*=\s*("[^"]*"|'[^']*')/g)) {
    if (!allowed.includes(name) || attributes.has(name)) throw unforeseen(`${name} of ${path}`);
    attributes.set(name, decode(quoted.slice(1, -1)));
  }
  return attributes;
}

/** `&amp;`, `&#49;` and `&#x31;`, too. @param {string} text */
function decode(text) {
  return text.replace(/&([^;]*;?)/g, (_, /** @type {string} */ entity) => {
    const number = /^#(x?[0-9a-f]+);$/.exec(entity)?.[1];
    const character =
      number === undefined
        ? entities[entity]
        : String.fromCodePoint(Number(`${number.startsWith('x') ? '0' : ''}${number}`));
    if (character === undefined) throw malformed();
    return character;
  });
}

/**
 * With base 0, as strtoul reads: "0x10" is sixteen, "010" is eight, "08" and "c52b" are errors.
 * @param {Elements} elements
 * @param {string} element
 * @param {string} attribute
 */
function readNumber(elements, element, attribute) {
  const text = elements.get(`hostdev source ${element}`)?.get(attribute);
  if (text === undefined)
    throw new Refusal(`XML error: Missing required attribute '${attribute}' in element '${element}'`);
  const digits = /^\s*\+?(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.exec(text)?.[1];
  const number = digits === undefined ? NaN : Number(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
  if (!(number <= 0xffffffff)) {
    throw new Refusal(
      `XML error: Invalid value for attribute '${attribute}' in element '${element}': '${text}'. Expected non-negative integer value`,
    );
  }
  return number;
}

/** '' where the source does not say. @param {Map<string, string>} source @param {string} attribute @param {string[]} choices */
function readChoice(source, attribute, choices) {
  const value = source.get(attribute) ?? '';
  if (source.has(attribute) && !choices.includes(value)) {
    throw new Refusal(`XML error: Invalid value for attribute '${attribute}' in element 'source': '${value}'.`);
  }
  return value;
}

/** @param {number} number */
function fourHexDigits(number) {
  return number.toString(16).padStart(4, '0');
}

/** @param {string} what */
function unforeseen(what) {
  return new Refusal(`XML error: the fake libvirt knows no such thing, or not twice: ${what}`);
}

function malformed() {
  return new Refusal('(device_definition):1: not well-formed (the fake libvirt does not say where)');
}
