// Some of many, evenly: what is fitted or measured on rows does not need all of them.

/** Things in a row, of which some can be kept: an array of anything, or of numbers. */
interface Row<Items> {
  readonly length: number
  filter(keeps: (item: unknown, at: number) => boolean): Items
}

/** Every so many of the items, so that no more than `most` are left. */
export function sampled<Items extends Row<Items>>(items: Items, most: number): Items {
  const every = Math.ceil(items.length / most)
  return items.filter((_, at) => at % every === 0)
}
