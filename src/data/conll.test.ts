import { describe, expect, it } from 'vitest'
import { spansOf, temporaryFiles } from './temporary-file.contract.ts'

const { open, rows } = temporaryFiles()
const bio = 'Ada\tB-PER\nLovelace\tI-PER\nlives\tO\nin\tO\nLondon\tB-LOC\n\nShe\tO\nwrites\tO\n'

describe('CoNLL', () => {
  it('gives each sentence as a text with spans at UTF-16 offsets', async () => {
    const source = await open('a.conll', bio.replace('lives', '🐟'))
    expect(source.description).toBe(
      'a token on each line, column 1 by tabs, tag in column 2 of 2, BIO, joined by spaces',
    )
    const [first, second] = await rows('a.conll', bio.replace('lives', '🐟'))
    expect(first).toEqual({
      kind: 'example',
      line: 1,
      input: { kind: 'text', text: 'Ada Lovelace 🐟 in London' },
      output: {
        kind: 'spans',
        spans: [
          { start: 0, end: 12, label: 'PER', text: 'Ada Lovelace' },
          { start: 19, end: 25, label: 'LOC', text: 'London' },
        ],
      },
    })
    expect(second).toMatchObject({ line: 7, output: { spans: [] } })
  })

  it('finds token and tag among the columns of CoNLL-2003, and leaves document marks and comments out', async () => {
    const text =
      '-DOCSTART- -X- O O\n\n# id = 1\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\nGerman JJ I-NP I-MISC\n\nPeter NNP I-NP I-PER\n\n'
    const source = await open('eng.train', text)
    expect(source).toMatchObject({ format: 'conll', description: expect.stringContaining('IOB1') })
    expect((await rows('eng.train', text)).map(spansOf)).toEqual([
      ['EU rejects German', ['ORG: EU', 'MISC: German']],
      ['Peter', ['PER: Peter']],
    ])
  })

  it('takes columns as they are said', async () => {
    const text = 'B-NP\tEU\tB-ORG\nB-VP\truns\tO\n\nB-NP\tIt\tO\n'
    expect(spansOf((await rows('a.txt', text, { columns: { input: '2', output: '1' } }))[0])).toEqual([
      'EU runs',
      ['NP: EU', 'VP: runs'],
    ])
    await expect(open('a.txt', text, { format: 'conll', columns: { output: '4' } })).rejects.toThrow(
      /no column "4".*1, 2, 3/,
    )
  })

  it.each([
    ['tokens and tags in columns', 'Ada Lovelace lives\tB-PER I-PER O\nIn London\tO B-LOC\n'],
    ['tags and tokens in columns', 'B-PER I-PER O\tAda Lovelace lives\nO B-LOC\tIn London\n'],
    ['pairs', 'Ada/B-PER Lovelace/I-PER lives/O\nIn/O London/B-LOC\n'],
  ])('reads a sentence a line: %s', async (_, text) => {
    expect((await rows('sentences.txt', text)).map(spansOf)).toEqual([
      ['Ada Lovelace lives', ['PER: Ada Lovelace']],
      ['In London', ['LOC: London']],
    ])
  })

  it('joins characters and words of a script without spaces by nothing, words of another one by a space', async () => {
    const characters = '我 O\n在 O\n北 B-LOC\n京 E-LOC\nI S-ORG\nT O\n\n'
    expect(spansOf((await rows('a.bmes', characters))[0])).toEqual(['我在北京IT', ['LOC: 北京', 'ORG: I']])
    const words = '我们\tO\n在\tO\nNew\tB-LOC\nYork\tI-LOC\n工作\tO\n\n很好\tO\n'
    expect(spansOf((await rows('a.bio', words))[0])).toEqual(['我们在New York工作', ['LOC: New York']])
    const [joined] = await rows('a.bio', words, { joiner: '_' })
    expect(spansOf(joined)[0]).toBe('我们_在_New_York_工作')
  })

  it('is not taken for separated columns, nor they for it', async () => {
    expect((await open('a.tsv', bio)).format).toBe('conll')
    expect((await open('a.tsv', `text\tlabel\n${'some text\tB-1\nother text\tO\n'.repeat(5)}`)).format).toBe(
      'tsv',
    )
  })

  it.each([
    ['three columns among two', `${bio}Ada\tB-PER\tx\n`, 9, 1, /3 columns where the other lines have 2/],
    ['a tag after O', `${bio}Ada\tI-PER\n`, 9, 5, /I-PER does not go on from O/],
    ['a tag of no scheme', `${bio.repeat(20)}\nAda\tX-PER\n`, 162, 5, /"X-PER" is no tag/],
    ['a missing token', `${bio}\tB-PER\n`, 9, 2, /the token is missing/],
  ])('refuses %s by line and column', async (_, text, line, column, problem) => {
    await expect(rows('a.conll', text)).rejects.toMatchObject({
      code: 'data.conll',
      message: expect.stringMatching(problem),
      details: { line, column },
    })
  })

  it('mends broken tags as conlleval reads them where that is said, and says which', async () => {
    const found = await rows('a.conll', `${bio}\nAda\tI-PER\n`, { repairTags: true, scheme: 'bio' })
    expect(spansOf(found[2])).toEqual(['Ada', ['PER: Ada']])
    expect(found.map((row) => row.kind === 'example' && row.mended?.length)).toEqual([
      undefined,
      undefined,
      1,
    ])
  })

  it('refuses a sentence that never ends', async () => {
    const long = `${'x'.repeat(1_000_000)}\tO\n`.repeat(34)
    await expect(rows('a.conll', bio + long)).rejects.toMatchObject({
      code: 'data.record-too-long',
      details: { line: 7 },
    })
  })
})
