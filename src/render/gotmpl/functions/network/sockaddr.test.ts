import { describe, expect, it } from 'vitest'
import { rendered } from '../../../../../test/support/gotmpl.ts'
import type { HostAddress } from './address.ts'
import { hostAddresses } from './host.ts'

const up = ['up', 'broadcast', 'multicast', 'running']
const addresses: readonly HostAddress[] = [
  { name: 'lo', address: '127.0.0.1', bits: 8, flags: ['up', 'loopback', 'running'], isDefault: false },
  { name: 'lo', address: '::1', bits: 128, flags: ['up', 'loopback', 'running'], isDefault: false },
  { name: 'eth1', address: '192.168.7.9', bits: 16, flags: up, isDefault: false },
  { name: 'eth0', address: '10.1.2.3', bits: 24, flags: up, isDefault: true },
  { name: 'eth0', address: '8.8.4.4', bits: 29, flags: up, isDefault: true },
  { name: 'eth0', address: 'fd00::2', bits: 64, flags: up, isDefault: true },
  { name: 'eth0', address: 'fe80::1', bits: 64, flags: up, isDefault: true },
]

describe('sockaddr', () => {
  it.each([
    { expression: 'GetPrivateIP', output: '10.1.2.3' },
    { expression: 'GetPrivateIPs', output: '192.168.7.9 10.1.2.3 fd00::2' },
    { expression: 'GetPublicIP', output: '8.8.4.4' },
    { expression: 'GetPublicIPs', output: '8.8.4.4' },
    { expression: 'GetInterfaceIP `eth1`', output: '192.168.7.9' },
    { expression: 'GetInterfaceIP `lo`', output: '' },
    { expression: 'GetInterfaceIPs `lo`', output: '127.0.0.1 ::1' },
    { expression: 'GetPrivateInterfaces | attr `address`', output: '10.1.2.3' },
    {
      expression: 'GetAllInterfaces | include `name` `^eth` | exclude `type` `ipv6` | join `string` `,`',
      output: '192.168.7.9/16,10.1.2.3/24,8.8.4.4/29',
    },
    { expression: 'GetAllInterfaces | include `network` `10.0.0.0/8` | attr `name`', output: 'eth0' },
    {
      expression: 'GetAllInterfaces | include `rfc` `1918|4193` | sort `-address` | join `address` ` `',
      output: '192.168.7.9 10.1.2.3 fd00::2',
    },
    { expression: 'GetAllInterfaces | exclude `flags` `loopback` | limit 2 | join `name` ` `', output: 'eth1 eth0' },
    {
      expression: 'GetAllInterfaces | include `flag` `forwardable` | offset 3 | join `address` ` `',
      output: 'fd00::2',
    },
    { expression: 'GetDefaultInterfaces | unique `name` | join `mask_bits` ` `', output: '24' },
    { expression: 'GetAllInterfaces | sort `default,type,size` | limit 1 | attr `flags`', output: up.join('|') },
  ])('$expression', ({ expression, output }) => {
    expect(rendered(`{{ sockaddr ${JSON.stringify(expression)} }}`, { addresses })).toEqual({ output, asked: [] })
  })

  it.each([
    { expression: 'GetAllInterfaces | sort `colour`', error: 'error calling sort: unknown sort type: "colour"' },
    { expression: 'GetAllInterfaces | include `rfc` `1`', error: 'unsupported RFC 1' },
    { expression: 'GetAllInterfaces | include `network` `x`', error: 'unable to create an IP address from "x"' },
    { expression: 'GetNothing', error: 'function "GetNothing" not defined' },
  ])('$expression is refused', ({ expression, error }) => {
    const answer = rendered(`{{ sockaddr ${JSON.stringify(expression)} }}`, { addresses })

    expect(answer.error).toContain(error)
  })

  it('knows the addresses of this machine', () => {
    expect(hostAddresses()).toContainEqual({
      name: expect.any(String),
      address: '127.0.0.1',
      bits: 8,
      flags: ['up', 'loopback', 'running'],
      isDefault: false,
    })
  })
})
