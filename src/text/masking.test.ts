import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maskedText, maskText } from './masking.ts'

const positive: readonly (readonly [string, string])[] = [
  ['mail joe.doe+x@example.co.uk.', 'mail [EMAIL].'],
  ['请联系abc@x.com谢谢', '请联系[EMAIL]谢谢'],
  ['<a href="mailto:a@b.org">', '<a href="mailto:[EMAIL]">'],
  ['jürgen@müller.de', '[EMAIL]'],
  ["o'brien@x.org and 'joe@x.org'", "[EMAIL] and '[EMAIL]'"],
  ['/v1/files?owner=joe@x.com&n=1', '/v1/files?owner=[EMAIL]&n=1'],
  ['https://user:pw@host.com/x', 'https://user:[EMAIL]/x'],
  ['+1 (415) 555-2671', '[PHONE]'],
  ['call +86 138 0013 8000 now', 'call [PHONE] now'],
  ['我的手机13800138000，', '我的手机[PHONE]，'],
  ['打13800138000找我', '打[PHONE]找我'],
  ['电话：010-12345678', '电话：[PHONE]'],
  ['021-1234567-801', '[PHONE]'],
  ['+49-30-901820', '[PHONE]'],
  ['+44 (0)20 7946 0958', '[PHONE]'],
  ['+91 98765 43210', '[PHONE]'],
  ['0049 30 901820', '[PHONE]'],
  ['0086 13800138000', '[PHONE]'],
  ['020 7946 0958', '[PHONE]'],
  ['06-12345678', '[PHONE]'],
  ['01 23 45 67 89', '[PHONE]'],
  ['089/123456', '[PHONE]'],
  ['07911123456', '[PHONE]'],
  ['(415) 555-2671', '[PHONE]'],
  ['1-415-555-2671', '[PHONE]'],
  ['415.555.2671 or 415-555-2672', '[PHONE] or [PHONE]'],
  ['call me at 5551234', 'call me at [PHONE]'],
  ['tel: 98765 43210', 'tel: [PHONE]'],
  ['400-820-8888', '[PHONE]'],
  ['2 13800138000 3', '2 [PHONE] 3'],
  ['4111 1111 1111 1111', '[CARD]'],
  ['卡号4111111111111111。', '卡号[CARD]。'],
  ['3782-822463-10005', '[CARD]'],
  ['6011111111111117', '[CARD]'],
  ['GB82 WEST 1234 5698 7654 32', '[IBAN]'],
  ['IBAN:DE89370400440532013000.', 'IBAN:[IBAN].'],
  ['from 10.0.0.1, to', 'from [IP], to'],
  ['http://192.168.1.1:8080/x', 'http://[IP]:8080/x'],
  ['[2001:db8::8a2e:370:7334]:443', '[[IP]]:443'],
  ['2001:0db8:85a3:0000:0000:8a2e:0370:7334', '[IP]'],
  ['::ffff:10.1.2.3', '[IP]'],
  ['fe80::1 and ::1', '[IP] and [IP]'],
  ['key sk-proj-abc123def456ghi789jkl.', 'key [SECRET].'],
  ['ghp_abcdefghijklmnopqrstuvwxyz0123456789', '[SECRET]'],
  ['密钥是sk-abc123def456ghi789jkl。', '密钥是[SECRET]。'],
  ['sk-abc123def456ghi789jkl，不要给别人', '[SECRET]，不要给别人'],
  ['Bearer a1.b2/c3+d4.e5/f6+g7==', 'Bearer [SECRET]'],
  ['ghp_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ', '[SECRET]'],
  ['AKIAIOSFODNN7EXAMPLE', '[SECRET]'],
  ['xoxb-123456789012-abcdef', '[SECRET]'],
  ['Authorization: Bearer abc123def456ghi789', 'Authorization: Bearer [SECRET]'],
  ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N', '[SECRET]'],
  ['password: hunter2024', 'password: [SECRET]'],
  ['密码：hunter2024', '密码：[SECRET]'],
  ['?token=abc12345&x=1', '?token=[SECRET]'],
  ['{"api_key":"abcd1234efgh"}', '{"api_key":"[SECRET]"}'],
  ['a -----BEGIN RSA PRIVATE KEY-----\nMIIEow1\n-----END RSA PRIVATE KEY----- b', 'a [SECRET] b'],
  ['{"note":"tel\\n13800138000"}', '{"note":"tel\\n[PHONE]"}'],
]

const negative: readonly string[] = [
  'order 12345678',
  '订单号13812345678',
  'order no. 13812345678',
  'tracking number: 13812345678',
  '123-4567890-1234567',
  '#4155552671',
  'INV-2024-415-555-2671',
  '2024-01-02 10:11:12',
  '2024-11-24T08:45:13.123456Z',
  '01.02.2024 10:00',
  '01-02-2024 1200',
  '02/2024 1234567',
  '2024/01/02',
  '2019-2024',
  '2024 2025 2026',
  '20240102123456',
  '1732437913123',
  '1732437913',
  '12:30:45',
  'v1.2.3.4',
  'Chrome/120.0.0.0',
  'version 1.2.3.4',
  '1.2.3.4.5',
  '$1,299.00 and 1.299.000,00 EUR',
  '1 000 000 000',
  '12 345 678',
  '3.14159265358979',
  '0.123456789',
  '98.6 37.0 12.50 13.75',
  '1, 2, 3, 4, 5, 6, 7',
  '10 20 30 40 50 60',
  '1-2-3-4-5-6-7',
  'ISBN 978-3-16-148410-0',
  '0306406152',
  '1234 5678 9012 3456',
  '4111 1111 1111 1112',
  '123456789012345',
  'GB82 WEST 1234 5698 7654 33',
  'SSN 123-45-6789',
  '12345-6789',
  'page 123-456',
  'std::vector<int>',
  'dead::beef',
  '00:1A:2B:3C:4D:5E',
  '@handle and a @ b',
  'user@localhost',
  'hotel 12345678',
  'the internationalisation-of-things-and-more',
  'sk-learn-based-estimators-for-everyone',
  'bearer responsibilities-and-duties',
  'uuid 550e8400-e29b-41d4-a716-446655440000',
  'commit da39a3ee5e6b4b0d3255bfef95601890afd80709',
  'password: see the vault',
]

describe('what is masked', () => {
  test.each(positive)('%s', (text, expected) => {
    expect(maskText(text).text).toBe(expected)
    expect(maskText(`您好 ${text} 谢谢`).text).toBe(maskText(`您好 ${expected} 谢谢`).text)
  })
})

test('a private key that is cut off is masked to the end of the text', () => {
  expect(maskText('a -----BEGIN PRIVATE KEY-----\nMIIEow1 and it is cut').text).toBe('a [SECRET]')
})

describe('what is not', () => {
  test.each(negative)('%s', (text) => {
    expect(maskText(text)).toMatchObject({ text, spans: [] })
    expect(maskText(`编 ${text} 号`).text).toBe(`编 ${text} 号`)
  })
})

const planted = fc.constantFrom(
  'joe@example.com',
  '+49 30 901820',
  '13800138000',
  '4111111111111111',
  'DE89370400440532013000',
  '192.168.17.4',
  'sk-abc123def456ghi789jkl',
  'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
)
const filler = fc.oneof(
  fc.constantFrom(' and ', '，', ' (', ') ', '\n', ' 2024-01-02 ', ' 订单 ', ' 12,5 ', '; '),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => ` ${text} `),
)
const texts = fc.array(fc.oneof(filler, planted), { maxLength: 12 }).map((parts) => parts.join(' '))
const noise = fc.string({
  unit: fc.constantFrom(...'0123456789 -./+()@:abcdefDE,[]_\\n手机"='),
  maxLength: 80,
})

describe('always', () => {
  test('no planted secret is left', () => {
    fc.assert(
      fc.property(fc.array(planted, { minLength: 1, maxLength: 6 }), filler, (secrets, between) => {
        const masked = maskText(secrets.join(` ${between} ; `)).text
        for (const secret of secrets) expect(masked).not.toContain(secret)
      }),
    )
  })

  test('masking a masked text changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(texts, noise), (text) => {
        const { text: masked } = maskText(text)
        expect(maskText(masked).text).toBe(masked)
        expect(maskedText(text)).toBe(masked)
      }),
      { numRuns: 2000 },
    )
  })

  test('the spans rebuild the original, and the masked text from it', () => {
    fc.assert(
      fc.property(fc.oneof(texts, noise), (text) => {
        const { text: masked, spans } = maskText(text)
        let original = ''
        let rebuilt = ''
        let [atMasked, atOriginal] = [0, 0]
        for (const span of spans) {
          expect(masked.slice(span.masked.start, span.masked.end)).toBe(`[${span.kind}]`)
          original += masked.slice(atMasked, span.masked.start)
          original += text.slice(span.original.start, span.original.end)
          rebuilt += `${text.slice(atOriginal, span.original.start)}[${span.kind}]`
          atMasked = span.masked.end
          atOriginal = span.original.end
        }
        expect(original + masked.slice(atMasked)).toBe(text)
        expect(rebuilt + text.slice(atOriginal)).toBe(masked)
      }),
      { numRuns: 2000 },
    )
  })

  test('a range of the masked text leads to the piece of the original that reads the same', () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.nat(), (text, a, b) => {
        const masked = maskText(text)
        const [start, end] = [a % (masked.text.length + 1), b % (masked.text.length + 1)].sort(
          (x, y) => x - y,
        )
        const range = masked.toOriginal(start!, end!)
        expect(range.start).toBeLessThanOrEqual(range.end)
        const piece = text.slice(range.start, range.end)
        const inside = masked.spans.some((span) => span.masked.start < end! && span.masked.end > start!)
        if (!inside && start! < end!) expect(piece).toBe(masked.text.slice(start, end))
      }),
    )
  })
})

test('an answer that is a placeholder is cut from the original', () => {
  const masked = maskText('Write to joe@example.com or call 415-555-2671 today.')
  expect(masked.text).toBe('Write to [EMAIL] or call [PHONE] today.')
  const cut = (part: string): string => {
    const at = masked.text.indexOf(part)
    const { start, end } = masked.toOriginal(at, at + part.length)
    return 'Write to joe@example.com or call 415-555-2671 today.'.slice(start, end)
  }
  expect(cut('[PHONE]')).toBe('415-555-2671')
  expect(cut('to [EMAIL] or')).toBe('to joe@example.com or')
  expect(cut('PHON')).toBe('415-555-2671')
  expect(cut('today')).toBe('today')
})

test('a megabyte made to be slow takes no longer than a megabyte', () => {
  const adversaries: readonly string[] = [
    ...['@', 'a@', '1', '1 ', '1-', '+1', '11 ', '01 ', 'eyJ', 'sk-1', 'password: ', 'password', ':', 'a1:'],
    ...[
      '(',
      '1.',
      'DE89 ',
      '-----BEGIN PRIVATE KEY-----1',
      'a.',
      '\\n',
      'bearer 1',
      'tel 1234567 ',
      'a@b.co ',
    ],
  ]
  for (const piece of adversaries) {
    const text = piece.repeat(Math.ceil(1_000_000 / piece.length))
    const before = process.cpuUsage()
    maskText(text)
    const spent = process.cpuUsage(before)
    expect((spent.user + spent.system) / 1000, JSON.stringify(piece)).toBeLessThan(3000)
  }
})
