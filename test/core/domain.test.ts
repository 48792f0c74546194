import assert from 'node:assert/strict';
import test from 'node:test';
import { domainNameFault, findDomain, parseDomainList } from '../../src/core/domain.js';

const uuid = '36a02b13-6bb5-4cbf-a23b-b8eb134f57e8';

test('the list is read with whatever names libvirt allows', () => {
  const names = [
    'guest1',
    '4',
    '--help',
    'my vm',
    'ü"\'$x',
    ' leading',
    'trailing ',
    ' ',
    'a name that is longer than thirty columns',
  ];
  const text = names.map((name) => `${uuid} ${name}\n`).join('') + '\n';
  assert.deepEqual(
    parseDomainList(text),
    names.map((name) => ({ uuid, name })),
  );
  assert.deepEqual(parseDomainList(''), []);
});

test('a domain named 4 is not the domain with id 4, and a UUID is a name too', () => {
  const domains = [
    { uuid: '11111111-1111-1111-1111-111111111111', name: 'other' },
    { uuid, name: '4' },
  ];
  assert.equal(findDomain(domains, '4')?.uuid, uuid);
  assert.equal(findDomain(domains, uuid.toUpperCase())?.name, '4');
  assert.equal(findDomain(domains, '1'), undefined);
  assert.equal(findDomain(domains, 'Other'), undefined);
});

test('a domain that cannot be is refused in words', () => {
  assert.match(domainNameFault('') ?? '', /USB_LIBVIRT_DOMAIN/);
  assert.match(domainNameFault('a\nb') ?? '', /control character/);
  assert.match(domainNameFault('a/b') ?? '', /slash/);
  for (const name of ['a', '--help', '4', 'my "vm"', 'ü']) assert.equal(domainNameFault(name), undefined);
});
