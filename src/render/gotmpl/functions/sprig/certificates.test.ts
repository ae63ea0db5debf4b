import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { rendered } from '../../../../../test/support/gotmpl.ts'

/** Made with a key of its own each time, so there is nothing to compare with: Node's own reader is the judge. */
function made(template: string): { certificates: X509Certificate[]; keys: string[] } {
  const { output, error } = rendered(template)
  if (output === undefined) throw new Error(error)
  const blocks = output.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n/g) ?? []
  return {
    certificates: blocks.filter(block => block.includes('CERTIFICATE')).map(block => new X509Certificate(block)),
    keys: blocks.filter(block => block.includes('PRIVATE KEY')),
  }
}

describe('certificates', () => {
  it('an authority signs a server, whose certificate names its names and addresses', () => {
    const { certificates, keys } = made(
      `{{ $ca := sprig_genCA "our ca" 10 }}{{ $ca.Cert }}
       {{ $c := sprig_genSignedCert "web" (sprig_list "10.0.0.1" "fd00::1:2") (sprig_list "web.local") 5 $ca }}{{ $c.Cert }}{{ $c.Key }}`,
    )
    const [ca, web] = certificates

    expect(ca?.ca).toBe(true)
    expect([ca?.subject, web?.subject]).toEqual(['CN=our ca', 'CN=web'])
    expect(web?.subjectAltName).toBe('DNS:web.local, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:1:2')
    expect(web?.checkIssued(ca as X509Certificate)).toBe(true)
    expect(web?.verify((ca as X509Certificate).publicKey)).toBe(true)
    expect(web?.checkPrivateKey(createPrivateKey(keys[0] ?? ''))).toBe(true)
    expect(new Date(web?.validTo ?? '')).toEqual(new Date(Date.UTC(2026, 10, 25, 12)))
  })

  it.each(['ecdsa', 'ed25519'])('a key of %s makes a certificate that signs itself', type => {
    const { certificates, keys } = made(
      `{{ $k := sprig_genPrivateKey "${type}" }}{{ $c := sprig_genSelfSignedCertWithKey "é" nil nil 1 $k }}{{ $c.Cert }}{{ $c.Key }}`,
    )
    const [certificate] = certificates

    expect(certificate?.subject).toBe('CN=é')
    expect(certificate?.verify(certificate.publicKey)).toBe(true)
    expect(certificate?.checkPrivateKey(createPrivateKey(keys[0] ?? ''))).toBe(true)
  })

  it('a certificate from elsewhere is taken over, when it is one', () => {
    const { certificates, keys } = made(
      `{{ $k := sprig_genPrivateKey "ecdsa" }}{{ $c := sprig_genCAWithKey "x" 1 $k }}
       {{ $d := sprig_buildCustomCert (base64Encode $c.Cert) (base64Encode $c.Key) }}{{ $d.Cert }}{{ $d.Key }}`,
    )

    expect(certificates).toHaveLength(1)
    expect(keys[0]).toContain('BEGIN EC PRIVATE KEY')
    expect(rendered('{{ sprig_buildCustomCert "YQ==" "YQ==" }}').error).toContain('unable to decode certificate')
  })

  it('a password is hashed so that it can be checked', () => {
    expect(rendered('{{ sprig_htpasswd "user" "secret" }}').output).toMatch(/^user:\$2a\$10\$[./A-Za-z0-9]{53}$/)
    expect(rendered('{{ sprig_bcrypt (sprig_repeat 73 "a") }}').output).toContain('password length exceeds 72 bytes')
  })
})
