/** Settings as the parts of a gateway see them while it runs: each is read when it is needed, so that all change at once. */
import { type PriceTable, priceTable } from '../meter/prices.ts'
import type { Configuration } from '../pipeline/configuration.ts'
import type { LiveSettings } from './gateway.ts'
import type { UpstreamsSettings } from './upstreams/settings.ts'

/** Settings that were read again. */
export interface NewSettings {
  readonly configuration: Configuration
  /** Absent: what is not answered locally is refused. */
  readonly upstreams?: UpstreamsSettings
}

/** What changes when the settings are read again. */
export interface Live {
  configuration: Configuration
  prices: PriceTable
  /** Why settings that were read again were not taken. */
  refused: string | undefined
}

/** The table that Shoal brings with the prices of the settings over it; throws `config.invalid`. */
export function pricesOf({ prices }: Configuration): PriceTable {
  return priceTable({ file: 'shoal.yaml, prices', ...(prices && { override: prices }) })
}

/** The settings of audits, each read when it is needed. */
export function liveAudit(live: Live): Configuration['audit'] {
  return {
    get rate() {
      return live.configuration.audit.rate
    },
    get budgetUsdPerDay() {
      return live.configuration.audit.budgetUsdPerDay
    },
    get callsPerMinute() {
      return live.configuration.audit.callsPerMinute
    },
  }
}

/** The prices of the moment in which they are asked for. */
export function livePrices(live: Live): PriceTable {
  return {
    get date() {
      return live.prices.date
    },
    get source() {
      return live.prices.source
    },
    get models() {
      return live.prices.models
    },
  }
}

/** What of the settings the gateway's handlers read. */
export function liveSettings({ configuration, upstreams }: NewSettings): LiveSettings {
  const { server, upstream, calls, local } = configuration
  return {
    ...(upstreams && { upstreams }),
    bodyLimitBytes: server.bodyLimit,
    shutdownMs: server.shutdown,
    maxForwarding: upstream.maxForwarding,
    durability: calls.durability,
    keptLimitBytes: calls.keepTextUpTo,
    localAnswers: local.answers,
  }
}
