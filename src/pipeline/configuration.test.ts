import { expect, test } from 'vitest'
import { describeConfiguration } from './describe-configuration.ts'
import { defaultConfiguration, readConfiguration } from './read-configuration.ts'

const read = (text: string, environment: Record<string, string> = {}) =>
  readConfiguration({ file: 'shoal.yaml', text, environment })

test('an empty file gives the defaults', () => {
  expect(read('')).toEqual(defaultConfiguration())
  expect(read('# nothing\n')).toEqual(defaultConfiguration())
  expect(defaultConfiguration()).toMatchObject({
    server: { host: '127.0.0.1', port: 4114, bodyLimit: 32 * 2 ** 20, shutdown: 10_000 },
    calls: { durability: 'group' },
  })
})

test('times of days, sizes, policies of tasks and sections without settings are read', () => {
  expect(
    read('keep:\n  age: 90d\ntasks:\n  mail:\n    auto: { after: 500 calls, promote: certified }\n'),
  ).toMatchObject({
    keep: { age: 90 * 86_400_000 },
    tasks: { mail: { auto: { after: 500, promote: 'certified' } } },
  })
  expect(read('keep:\nserver:\n')).toEqual(defaultConfiguration())
})

test('times, sizes and variables are read', () => {
  const text = `server:\n  bodyLimit: 1.5KiB\n  shutdown: 500ms\nupstream:\n  url: https://\${HOST}/v1\n  apiKey: \${KEY}\n`
  expect(read(text, { HOST: 'example.test', KEY: 'sk-1' })).toMatchObject({
    server: { bodyLimit: 1536, shutdown: 500 },
    upstream: { url: 'https://example.test/v1', apiKey: 'sk-1' },
  })
})

test.each([
  ['server:\n  prot: 1\n', 'shoal.yaml, line 2, column 3: "server.prot" is no setting. Did you mean "port"?'],
  ['sever: {}\n', 'line 1, column 1: "sever" is no setting. Did you mean "server"?'],
  [
    'server:\n  port: eighty\n',
    'line 2, column 9: server.port: invalid input: expected number, received string (got "eighty")',
  ],
  [
    'server:\n  shutdown: soon\n',
    'line 2, column 13: server.shutdown: expected a time such as 500ms, 10s or 5m (got "soon")',
  ],
  [
    'upstream:\n  url: ftp://x\n',
    'line 2, column 8: upstream.url: expected an http or https address, or none',
  ],
  [
    'tasks:\n  mail:\n    rsik: 0.1\n',
    'line 3, column 5: "tasks.mail.rsik" is no setting. Did you mean "risk"?',
  ],
  [
    'tasks:\n  mail:\n    auto: { after: 500, promot: never }\n',
    'line 3, column 25: "tasks.mail.auto.promot" is no setting. Did you mean "promote"?',
  ],
  ['tasks:\n  mail:\n    auto: { after: soon }\n', 'line 3, column 20: tasks.mail.auto.after'],
  ['tasks:\n  Mail: {}\n', 'line 2, column 3: tasks.Mail: expected a task name'],
  ['keep:\n  age: forever\n', 'line 2, column 8: keep.age: expected a time such as 500ms, 10s or 5m'],
  ['server: 7\n', 'line 1, column 9: server: invalid input'],
  ['server:\n  port: [1\n', 'line 3, column 1'],
])('a mistake in %j is named with its place', (text, message) => {
  expect(() => read(text)).toThrowError(
    expect.objectContaining({ code: 'config.invalid', message: expect.stringContaining(message) }),
  )
})

test.each([
  'upstream:\n  url: htps://user:s3cret@x/v1\n',
  'upstream: s3cret\n',
  'upstreams: s3cret\n',
  'upstreams:\n  main: s3cret\n',
  `upstreams:\n  main:\n    url: \${SECRET}\n`,
  'upstream:\n  apiKey: *s3cret\n',
])('no message shows what may be a key or a password: %j', (text) => {
  const source = { file: 'shoal.yaml', text, environment: { SECRET: 's3cret' } }
  expect(() => readConfiguration(source)).toThrow(/^shoal\.yaml((?!s3cret).)*$/)
})

test('a variable that is not set is an error that names it and its place', () => {
  expect(() => read(`upstream:\n  apiKey: \${NO_KEY}\n`)).toThrowError(
    expect.objectContaining({
      code: 'config.variable-missing',
      message: expect.stringMatching(/line 2, column 11: \$\{NO_KEY\} reads the environment variable NO_KEY/),
    }),
  )
})

test('the documentation names every setting and is itself a file that gives the defaults', () => {
  const text = describeConfiguration()
  for (const [section, settings] of Object.entries(defaultConfiguration())) {
    expect(text).toContain(`${section}:`)
    for (const name of Object.keys(settings ?? {})) expect(text).toContain(`${name}:`)
  }
  expect(text).toContain('apiKey:')
  expect(read(text)).toEqual(defaultConfiguration())
})
