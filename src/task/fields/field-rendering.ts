/**
 * How the upstream writes the answers of an extraction: a tree of fields, each filled from spans of the input by a rule
 * that gave exactly its answers, in the layout that it writes. Types only; `render-fields.ts` writes, `read-fields.ts` reads.
 */
import type { JsonEscapes } from '../types.ts'

/** A span's text as it stands, or with other case or spaces. */
export interface TextRule {
  readonly kind: 'text'
  readonly letters: 'kept' | 'upper' | 'lower'
  /** `one`: each run of white space is one space; `none`: there is no white space. */
  readonly spaces: 'kept' | 'one' | 'none'
}

/** Only some characters of a span's text: telephone numbers, IBANs, references. */
export interface CharactersRule {
  readonly kind: 'characters'
  /** `plus-digits` keeps a leading plus sign. */
  readonly keeps: 'digits' | 'plus-digits' | 'letters-digits'
}

/** A number: its separators are read, and it is written again. */
export interface AmountRule {
  readonly kind: 'amount'
  /** Which sign ends the whole part: `either` takes the last of the two that can. */
  readonly decimal: 'point' | 'comma' | 'either'
  /** `shortest` as JSON writes it (1234.5), `fixed` with so many decimals, `float` with one at least, as Python does. */
  readonly written:
    | { readonly kind: 'shortest' }
    | { readonly kind: 'float' }
    | { readonly kind: 'fixed'; readonly decimals: number }
}

/** A date in any usual spelling, written in one. */
export interface DateRule {
  readonly kind: 'date'
  /** How 03/04/2024 is read. */
  readonly order: 'day-first' | 'month-first'
  /** Letters as in Unicode's date patterns: `yyyy-MM-dd`, `d MMMM yyyy`. */
  readonly pattern: string
}

/** A currency's sign or name, written as its ISO 4217 code. */
export interface CurrencyRule {
  readonly kind: 'currency'
}

/** From a span's text to the value in the answer. */
export type FieldRule = TextRule | CharactersRule | AmountRule | DateRule | CurrencyRule

/** What is written where no span was found: nothing, this value, or an empty list; `never`: no answer was without one. */
export type Missing =
  | { readonly kind: 'omitted' }
  | { readonly kind: 'written'; readonly leaf: Leaf }
  | { readonly kind: 'empty-list' }
  | { readonly kind: 'never' }

/** A value of JSON that is no list and no object: a string's text, or the JSON text of a number, `true`, `false` or `null`. */
export type Leaf =
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'bare'; readonly raw: string }

/** What a member of a list's entries says of the span. */
export type EntryRole =
  | { readonly kind: 'text' }
  | { readonly kind: 'type' }
  | { readonly kind: 'start' }
  /** `last`: the place of the last character, not the one after it. */
  | { readonly kind: 'end'; readonly is: 'after' | 'last' }
  | { readonly kind: 'constant'; readonly leaf: Leaf }

export interface EntryMember {
  readonly key: string
  readonly role: EntryRole
}

/** What is written of one span in a list: its value, or an object. */
export type ListEntry =
  | { readonly kind: 'value'; readonly form: Leaf['kind'] }
  | {
      readonly kind: 'object'
      readonly members: readonly EntryMember[]
      readonly unit: 'utf-16' | 'characters'
    }

/** A place of the answer and the spans that fill it. */
export type FieldNode =
  | { readonly kind: 'constant'; readonly leaf: Leaf }
  | {
      readonly kind: 'value'
      readonly label: string
      readonly rule: FieldRule
      readonly form: Leaf['kind']
      readonly missing: Missing
    }
  /** Says whether a field was found, as `"has_phone": true` does. */
  | { readonly kind: 'presence'; readonly label: string; readonly found: Leaf; readonly notFound: Leaf }
  | {
      readonly kind: 'list'
      /** Labels of the spans in it, and how an entry names each. */
      readonly labels: readonly { readonly label: string; readonly type: string }[]
      readonly rule: FieldRule
      readonly entry: ListEntry
      /** True: a value that stands several times is written once. */
      readonly distinct: boolean
      readonly missing: Missing
    }
  | {
      readonly kind: 'object'
      readonly members: readonly { readonly key: string; readonly node: FieldNode }[]
      /** Where none of its fields was found; its members are written otherwise. */
      readonly missing?: Missing
    }

/** Spaces and line breaks of a JSON text. */
export interface JsonLayout {
  /** One step of indentation; empty where all stands on one line. */
  readonly indent: string
  /** Lists and objects this deep, the outermost being 0, stand on one line. */
  readonly inlineFrom: number
  readonly comma: string
  readonly colon: string
  /** True: `{ "a": 1 }`. */
  readonly padded: boolean
}

/** What the tree of fields is written as. */
export type BodyForm =
  | { readonly kind: 'json'; readonly layout: JsonLayout; readonly escapes: JsonEscapes }
  /** `Name: value`, one a line; `lead` stands before each. */
  | { readonly kind: 'lines'; readonly lead: string; readonly separator: string }
  /** A value a line; `lead` stands before each. */
  | { readonly kind: 'items'; readonly lead: string }
  /** The value alone. */
  | { readonly kind: 'plain' }

/** The rendering of an extraction's answers. */
export interface FieldRendering {
  readonly kind: 'fields'
  readonly before: string
  readonly after: string
  readonly body: BodyForm
  readonly root: FieldNode
}
