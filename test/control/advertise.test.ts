import type { NetworkInterfaceInfo } from 'node:os';
import { expect, it } from 'vitest';
import { advertisedUrl } from '../../src/control/advertise.ts';

const on = (address: string, internal = false): NetworkInterfaceInfo =>
  address.includes(':')
    ? { address, internal, family: 'IPv6', netmask: '', mac: '', cidr: null, scopeid: 0 }
    : { address, internal, family: 'IPv4', netmask: '', mac: '', cidr: null };

const TASK = { lo: [on('127.0.0.1', true)], eth0: [on('169.254.172.2')], eth1: [on('fe80::1'), on('10.0.1.7')] };

it.each([
  ['what is configured', { advertise: 'https://one.test/x' }, '127.0.0.1', TASK, 'https://one.test/x'],
  ['the address it listens on', {}, '10.0.1.8', TASK, 'http://10.0.1.8:9464'],
  ['one of IPv6', {}, 'fd00::5', TASK, 'http://[fd00::5]:9464'],
  ["the machine's own, not a link's", {}, '0.0.0.0', TASK, 'http://10.0.1.7:9464'],
  ["the machine's own of IPv6", {}, '::', { eth1: [on('fe80::1'), on('fd00::5')] }, 'http://[fd00::5]:9464'],
  ['nothing, of a machine without a network', {}, '0.0.0.0', { lo: TASK.lo }, undefined],
  ['nothing, on loopback', {}, '127.0.0.1', TASK, undefined],
  ['nothing, on loopback by name', {}, 'localhost', TASK, undefined],
])('others reach %s', (_name, http, host, interfaces, expected) => {
  expect(advertisedUrl(http, { host, port: 9_464 }, interfaces)).toBe(expected);
});
